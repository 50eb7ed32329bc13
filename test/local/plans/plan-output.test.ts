import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { SPARED } from '../../../functions/core/policy/spared.ts';
import { planCall } from '../../../functions/core/plan/call.ts';
import { NO_HISTORY } from '../../../functions/core/plan/tier-plan.ts';
import { diagnoseSnapshot } from '../../../functions/core/verdict/diagnosis.ts';
import { planInWords as callInWords } from '../../../local/plans/end-output.ts';
import { planInWords } from '../../../local/plans/plan-output.ts';
import { aCall } from '../../support/a-call.ts';
import { aPolicy, aSession, aSnapshot, aTarget, many, NEW_TO_ALL } from '../../support/a-session.ts';
import { policies, snapshots } from '../../support/arbitraries.ts';

const MINUTE = 60_000;
const LONG = 'a-name-of-sixty-three-letters-which-is-all-that-postgresql-takes';

/** A leak of 50 beside ten sessions of others. */
function leaking(changed: Parameters<typeof aSession>[1] = {}, usable = 60) {
  return aSnapshot(usable, [
    ...many(50, 1, (id) => aSession(id, { user: 'invoices', application: 'export', stateMs: id * MINUTE, ...changed })),
    ...many(8, 101, (id) => aSession(id, { user: 'shop', application: 'web', stateMs: 1_000 })),
  ]);
}

function planned(snapshot = leaking(), changed: Parameters<typeof aTarget>[0] = {}, verbose = false): string {
  const settings = aTarget({ mode: 'act', ...changed });
  const diagnosis = diagnoseSnapshot(snapshot, settings, NEW_TO_ALL);
  return planInWords({ snapshot, diagnosis, settings, pauses: [] }, verbose);
}

const widths = (text: string) => text.split('\n').map((line) => stringWidth(line));

describe('the plan in words', () => {
  it('says first what would be done and why, then whose sessions end and stay, by consumer and reason', () => {
    const text = planned();
    const lines = text.split('\n');
    expect(lines[0]).toMatch(/^verdict {2}kill-idle would end \d+ sessions, without asking \(mode act\)$/);
    expect(lines.slice(0, 5).some((line) => line.startsWith('cause '))).toBe(true);
    expect(text).toMatch(/\n +16 {2}invoices\/export: idle for 35 min to 50 min;/);
    expect(text).toContain('shop/web: ');
    // Fifty sessions in a few lines.
    expect(lines.length).toBeLessThan(45);
    expect(planned(leaking(), {}, true).split('\n').length).toBeGreaterThan(60);
  });

  it('counts each session once', () => {
    const sum = (text: string) =>
      text
        .split('\n')
        .map((line) => Number(/^ {2,4}(\d+) {2}\S/.exec(line)?.[1] ?? 0))
        .reduce((total, each) => total + each, 0);
    expect(sum(planned())).toBe(58);
    const crowd = aSnapshot(
      60,
      many(55, 1, (id) => aSession(id, { user: `${'abcdefgh'.repeat(id)}`, stateMs: 1 })),
    );
    const text = planned(crowd);
    expect(text).toMatch(/\d+ {2}in \d+ smaller groups; --verbose shows every session/);
    expect(sum(text)).toBe(55);
  });

  it.each([
    [{ mode: 'observe' as const }, 'but only says so (mode observe)'],
    [{ mode: 'approve' as const }, 'after a person has said yes (mode approve)'],
    [
      { policy: aPolicy({ protect: { ...aPolicy().protect, users: ['invoices', 'shop'] } }) },
      'would end nobody, though',
    ],
  ])('says who decides, and when nobody may be ended: %j', (changed, words) => {
    expect(planned(leaking(), changed).replaceAll(/\s+/g, ' ')).toContain(words);
  });

  it('says that there is nothing to do', () => {
    expect(planned(leaking({}, 200))).toMatch(
      /^verdict {2}nothing to do: usage is at or under the relief level of 70%\n/,
    );
  });

  it('fits into 80 columns with the longest names', () => {
    const names = { user: LONG, application: `${LONG} ${LONG}`, database: LONG };
    for (const changed of [names, { ...names, user: '名'.repeat(63) }]) {
      expect(Math.max(...widths(planned(leaking(changed))))).toBeLessThanOrEqual(80);
    }
  });

  it('leaves no name of any snapshot anything that a terminal obeys, nor a line break', () => {
    fc.assert(
      fc.property(snapshots, policies, fc.boolean(), (snapshot, policy, verbose) => {
        const settings = aTarget({ policy });
        const diagnosis = diagnoseSnapshot(snapshot, settings, NEW_TO_ALL);
        const text = planInWords({ snapshot, diagnosis, settings, pauses: [] }, verbose);
        const call = aCall({ user: null });
        const plan = planCall(snapshot, policy, { call, confirmed: null }, NO_HISTORY);
        const called = callInWords({ target: settings, call, snapshot, plan }, verbose);
        for (const shown of [text, called]) expect(shown).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        if (verbose) return;
        for (const shown of [text, called]) expect(Math.max(...widths(shown))).toBeLessThanOrEqual(80);
        for (const line of text.split('\n')) expect(line).toMatch(/^( |$|evidence$|[a-z]+(-[a-z]+)* )/);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the plan of a call in words', () => {
  const proposal = (changed: Parameters<typeof aCall>[0] = {}) => {
    const [snapshot, target, call] = [leaking(), aTarget(), aCall({ user: 'invoices', ...changed })];
    const plan = planCall(snapshot, target.policy, { call, confirmed: null }, NO_HISTORY);
    return { target, call, snapshot, plan } as never;
  };

  it('says first how many it would end, then groups, and every session where that is asked for', () => {
    const text = callInWords(proposal({ capped: true }), false);
    expect(text).toMatch(/^verdict {2}would end 18 of 50 matching sessions \(user invoices\); 8 others do not\n/);
    expect(text).toMatch(/\nends \(18\)\n +18 {2}invoices\/export: idle for 33 min to 50 min\n/);
    expect(text).toMatch(new RegExp(`\\nstays \\(32\\)\\n +32 {2}invoices/export: ${SPARED['cap-tier']}`));
    expect(callInWords(proposal(), true).match(/│ invoices /g)).toHaveLength(50);
  });

  it('names who is connected when nobody matches', () => {
    expect(callInWords(proposal({ user: 'nobody' }), false)).toContain('Connected now: invoices (50), shop (8)');
  });
});
