import { describe, expect, it } from 'vitest';
import { UNBOUNDED, whyKept, type Bounds } from '../../../../functions/core/policy/bounds.ts';
import { protect } from '../../../../functions/core/policy/policy.ts';
import { aSession } from '../../../support/a-session.ts';

const boundsOf = (names: object): Bounds => ({ ...UNBOUNDED, protect: protect.parse(names) });
const unknown = aSession(1, { user: 'app', administrator: null });

describe('what a worker keeps by its own settings', () => {
  it('is the master user that they name, and nobody for a master user that RDS alone knows', () => {
    expect(whyKept(unknown, true, boundsOf({ masterUser: 'app' }))).toContain('administrator');
    expect(whyKept(unknown, true, boundsOf({ masterUser: 'root' }))).toBeNull();
    expect(whyKept(unknown, true, boundsOf({}))).toBeNull();
    expect(whyKept({ ...unknown, administrator: true }, true, boundsOf({}))).toContain('administrator');
  });
});
