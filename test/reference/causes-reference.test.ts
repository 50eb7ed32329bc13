import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CAUSES } from '../../functions/core/cause/find-cause.ts';
import { NO_HISTORY } from '../../functions/core/plan/tier-plan.ts';
import { diagnoseSnapshot } from '../../functions/core/verdict/diagnosis.ts';
import { CAUSE_EXAMPLES } from '../../reference/cause-examples.ts';
import { fillCauses } from '../../reference/causes-reference.ts';
import { aPolicy } from '../support/a-session.ts';

const written = readFileSync(join(import.meta.dirname, '../../docs/causes.md'), 'utf8');

describe('docs/causes.md', () => {
  it('has one worked example for each cause', () => {
    expect(CAUSE_EXAMPLES.map(({ cause }) => cause).sort()).toEqual(Object.keys(CAUSES).sort());
    for (const cause of Object.keys(CAUSES)) expect(written.split(`\n### ${cause}\n`)).toHaveLength(2);
  });

  it.each(CAUSE_EXAMPLES)('has an example that is taken for $cause', ({ cause, snapshot, context }) => {
    const found = diagnoseSnapshot(snapshot, { policy: aPolicy(), mode: 'act' }, NO_HISTORY, { context }).cause;
    expect(found.name).toBe(cause);
  });

  it('is refused without a part, with one twice and with one that nobody knows', () => {
    expect(() => fillCauses(written.replace('<!-- priors -->', ''))).toThrow(/each of the parts .*priors.* once/);
    expect(() => fillCauses(`${written}\n<!-- priors -->\n<!-- end -->\n`)).toThrow('once');
    expect(() => fillCauses(`${written}\n<!-- more -->\n<!-- end -->\n`)).toThrow('more');
  });
});
