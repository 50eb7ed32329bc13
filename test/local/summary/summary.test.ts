import { describe, expect, it } from 'vitest';
import type { Act, VictimRecord } from '../../../functions/core/record/act.ts';
import type { Incident } from '../../../functions/core/record/incident.ts';
import { summaryInText } from '../../../local/summary/in-text.ts';
import { summarize, type Told } from '../../../local/summary/summary.ts';
import { aTarget } from '../../support/a-session.ts';
import { anIncident } from '../../support/an-incident.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-03-31T00:00:00Z');
const MONTH = { since: NOW - 30 * DAY, until: NOW };
const LEAK = { name: 'connection-leak', confidence: 0.9, evidence: [], ranking: [] } as const;
const RESTART = 'restart the service behind web';

function told(
  daysAgo: number,
  changed: Partial<Incident> & { readonly target?: Incident['target'] } = {},
  acts: Act[] = [],
): Told {
  const openedAt = NOW - daysAgo * DAY;
  const alarm = { alarm: 'high', at: openedAt, reason: '' };
  return {
    incident: anIncident({ id: `i-${daysAgo}`, openedAt, alarm, status: 'closed', cause: LEAK, ...changed }),
    acts,
  };
}

const relieved = (daysAgo: number, afterMs: number): Partial<Incident> => ({
  outcome: 'relieved',
  reliefAt: NOW - daysAgo * DAY + afterMs,
});

const victim = (user: string, application: string): VictimRecord => ({
  identity: { id: 1, incarnation: 'a', server: 's' },
  ...{ user, application, database: null, client: null, method: 'terminate' },
  ...{ reason: '', result: 'ended', detail: '' },
});

const anAct = (victims: VictimRecord[]): Act => ({
  ...{ incidentId: 'i', round: 1, tier: 'kill-idle', startedAt: 0, finishedAt: 1, counted: victims.length },
  ...{ victims, limit: null },
});

describe('a summary', () => {
  const orders = aTarget({ id: 'orders' });
  const billing = aTarget({ id: 'billing' });
  const month = [
    told(40, { target: orders, advice: [RESTART] }),
    told(20, { target: orders, ...relieved(20, 30_000), endedCount: 3, advice: [RESTART, 'use a pooler'] }, [
      anAct([victim('shop', 'web'), victim('shop', 'web'), victim('mail', 'mta')]),
    ]),
    told(10, {
      target: orders,
      outcome: 'escalated',
      repeats: 2,
      advice: [RESTART],
      notices: [{ notice: 'escalated', at: 1, delivered: true, detail: '' }] as never,
    }),
    told(9, { target: billing, ...relieved(9, 90_000) }),
    told(8, { target: billing, outcome: 'done', call: { by: 'ana' } as never, cause: null, endedCount: 2 }),
    told(1, { target: billing, status: 'open', cause: null }),
  ];

  it('counts what was opened within its time, by outcome and cause', () => {
    expect(summarize(month, MONTH)).toMatchObject({
      ...{ incidents: 5, targets: ['billing', 'orders'], ended: 5, byHand: 2, paged: 1, pages: 3 },
      outcomes: { relieved: 2, escalated: 1, done: 1, open: 1 },
      relief: { medianMs: 30_000, longestMs: 90_000 },
      causes: [
        { cause: 'connection-leak', incidents: 3, targets: ['billing', 'orders'], paged: 1, ended: 3 },
        { cause: 'not known', incidents: 1, relief: null },
      ],
      consumers: [
        { name: 'shop/web', count: 2 },
        { name: 'mail/mta', count: 1 },
      ],
    });
  });

  it('names what came back on the same target, and the advice that was given again', () => {
    expect(summarize(month, MONTH).recurring).toEqual([
      {
        ...{ target: 'orders', cause: 'connection-leak', times: 2, lastAt: NOW - 10 * DAY },
        notTaken: [{ advice: RESTART, times: 2 }],
      },
    ]);
  });

  it('is read in a minute', () => {
    expect(summaryInText(summarize(month, MONTH))).toMatchInlineSnapshot(`
      "5 incidents of 2 targets from 2026-03-01 to 2026-03-31: 2 relieved, 1 done, 1 escalated, 1 open

      Relief    after 30 s (median), 90 s at most
      Ended     5 sessions or queries, 2 of them by hand
      Paged     for 1 incident, 3 times in all

      ┌─────────────────┬───────────┬─────────┬────────────────┬───────┬───────┐
      │ cause           │ incidents │ targets │ relief, median │ paged │ ended │
      ├─────────────────┼───────────┼─────────┼────────────────┼───────┼───────┤
      │ connection-leak │ 3         │ 2       │ 30 s           │ 1     │ 3     │
      │ not known       │ 1         │ 1       │ never          │ 0     │ 0     │
      └─────────────────┴───────────┴─────────┴────────────────┴───────┴───────┘

      Most ended
            2  shop/web
            1  mail/mta

      Keeps coming back
        orders: a connection leak: idle sessions pile up and are not given back; 2 times, last on 2026-03-21
          advised 2 times: restart the service behind web"
    `);
  });

  it('says so when nothing happened', () => {
    expect(summaryInText(summarize([], MONTH))).toBe('no incidents from 2026-03-01 to 2026-03-31');
  });

  it('has nothing in it that controls a terminal', () => {
    const evil = '\u001b[2J\n\u202eevil';
    const twice = [1, 2].map((days) =>
      told(days, { target: orders, endedCount: 1, advice: [evil] }, [anAct([victim(evil, evil)])]),
    );
    // eslint-disable-next-line no-control-regex
    expect(summaryInText(summarize(twice, MONTH))).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });
});
