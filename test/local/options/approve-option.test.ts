import { describe, expect, test } from 'vitest';
import { parseApprove, personFor } from '../../../local/options/approve-option.ts';
import { UsageError } from '../../../local/options/usage-error.ts';
import { anApproval, aSummary } from '../../support/an-approval.ts';

const never = new AbortController().signal;
const killIdle = anApproval();
const cancelLong = anApproval({ plan: aSummary({ tier: 'cancel-long' }) });

describe('--approve', () => {
  test.each([
    ['all', 'approved', 'approved'],
    ['none', 'denied', 'denied'],
    ['cancel-long', 'denied', 'approved'],
    ['kill-idle, cancel-long', 'approved', 'approved'],
  ])('%s answers kill-idle with %s and cancel-long with %s', async (text, first, second) => {
    const person = personFor(parseApprove(text));
    expect(await person(killIdle, never)).toMatchObject({
      answer: first,
      by: expect.stringContaining('--approve') as string,
    });
    expect(await person(cancelLong, never)).toMatchObject({ answer: second });
  });

  test.each(['', 'yes', 'kill-idle,kill-all', 'all,none'])('%j is refused, naming what there is', (text) => {
    expect(() => parseApprove(text)).toThrow(UsageError);
    expect(() => parseApprove(text)).toThrow(/all, none, or tiers of kill-idle/);
  });

  test('without it, where nobody can be asked, everything is denied', async () => {
    expect(parseApprove(undefined)).toBeUndefined();
    expect(await personFor(undefined)(killIdle, never)).toMatchObject({ answer: 'denied' });
  });
});
