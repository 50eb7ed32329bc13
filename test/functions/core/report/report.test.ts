import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reportPage } from '../../../../functions/core/pages/report-page.ts';
import { reportInMarkdown } from '../../../../functions/core/report/in-markdown.ts';
import { reportOn } from '../../../../functions/core/report/report.ts';
import { ALARM_AT, aHostileRecord, aLargeRecord, anAct, aRecord, aRound, aVictim } from '../../../support/a-record.ts';

const NOW = ALARM_AT + 3_600_000;
const MOST_CHARACTERS = 500_000;

describe('the report', () => {
  const report = reportOn(aRecord(), NOW);

  it('says how long each stage took', () => {
    expect(report.durations.map(({ name, ms }) => [name, ms])).toEqual([
      // The sample 175 s before the alarm was the first of those at 85 %.
      ['detected', 175_000],
      ['in', 10_000],
      ['first act', 12_000],
      ['relief', 41_000],
      ['held', 120_000],
    ]);
  });

  it('says what happened in sentences, and who was over usual', () => {
    expect(report.summary.headline).toBe('orders ran out of connections; Headroom made room');
    expect(report.summary.lines.join('\n')).toContain('exporter/invoice-exporter held 41 where 4 are usual.');
    expect(report.overUsual.rows.map(({ name, isOver }) => [name, isOver])).toEqual([
      ['exporter/invoice-exporter', true],
      ['checkout/web-#', false],
      ['app/worker-#', false],
    ]);
  });

  it('never says "out of connections" when no client was refused', () => {
    const { incident, ...rest } = aRecord();
    const calm = reportOn({ ...rest, incident: { ...incident, refusal: null } }, NOW);
    expect(calm.summary.headline).toBe('orders was filling up with connections; Headroom made room');
    expect(reportPage(calm).toString()).not.toMatch(/out of connections/i);
  });

  it('has the slots of the hour before and of each look, in one order of consumers', () => {
    const { moments, consumers } = report.slots;
    expect(consumers.map(({ name, most, usual }) => [name, most, usual])).toEqual([
      ['exporter/invoice-exporter', 41, { from: 0, to: 4 }],
      ['checkout/web-#', 6, { from: 4, to: 6 }],
      ['app/worker-#', 3, { from: 1, to: 3 }],
    ]);
    expect(moments).toHaveLength(43);
    expect(moments.at(-3)).toMatchObject({ used: 51, usable: 52, isFull: true, held: [41, 6, 3] });
  });

  it('lists every ended session with its reason, and the spared by reason', () => {
    const ids = report.ended.flatMap(({ reasons }) => reasons.flatMap((reason) => reason.ids));
    expect(ids).toEqual(Array.from({ length: 16 }, (_, index) => 4_720 + index));
    expect(report.spared.map(({ reason, sessions }) => [reason, sessions])).toEqual([
      ['enough', 25],
      ['at-usual', 9],
    ]);
  });

  it('names the alternatives to the cause, the tasks of the runbooks, and what only a person knows', () => {
    expect(report.cause?.alternatives.map(({ percent }) => percent)).toEqual([9, 2]);
    expect(report.checklist.map(({ title }) => title)).toEqual([
      'Because of this cause',
      'Pool settings',
      'Leaks',
      'Timeouts',
      'Capacity',
      'Alarms and thresholds',
      'Afterwards',
    ]);
    expect(report.blanks.map(({ name }) => name)).toEqual(expect.arrayContaining(['Impact', 'Owner of this report']));
  });

  it('is written for an incident that has only begun, and of which nothing is known', () => {
    const { incident } = aRecord();
    const begun = { ...incident, outcome: null, closedAt: null, reliefAt: null, cause: null, usageBefore: null };
    const empty = { incident: begun, rounds: [], acts: [], approvals: [], settledLimits: [] };
    const text = reportPage(reportOn(empty, NOW)).toString();
    expect(text).toContain('the incident is still open');
    expect(text).toContain('The server was never seen from inside.');
    expect(text).not.toMatch(/NaN|undefined|null/);
  });
});

describe('a page of any incident', () => {
  it.each([5_000, 16_000])('stays under 500 KB: %i sessions for thousands of reasons', (sessions) => {
    const report = reportOn(aLargeRecord(sessions), NOW);
    const page = reportPage(report).toString();
    expect(page.length).toBeLessThan(MOST_CHARACTERS);
    expect(reportInMarkdown(report).length).toBeLessThan(MOST_CHARACTERS);
    const listed = page.match(/\b1\d{5}\b/g) ?? [];
    expect(listed).toHaveLength(sessions);
  });

  it('stays under 500 KB with megabyte texts and hundreds of looks', () => {
    const text = `<'"&>`.repeat(200_000);
    const record = aHostileRecord(text);
    const rounds = Array.from({ length: 300 }, (_, index) =>
      aRound({ round: index + 1, at: ALARM_AT + index * 1_000, why: text, canary: text, leftOut: text }),
    );
    const victims = Array.from({ length: 400 }, (_, index) =>
      aVictim(index, {
        application: `${String.fromCodePoint(0x4e00 + index)}${text.slice(0, 300)}`,
        reason: text,
        detail: text,
      }),
    );
    const report = reportOn({ ...record, rounds: [...record.rounds, ...rounds], acts: [anAct({ victims })] }, NOW);
    const page = reportPage(report).toString();
    expect(page.length).toBeLessThan(MOST_CHARACTERS);
    expect(reportInMarkdown(report).length).toBeLessThan(MOST_CHARACTERS);
    // It shows the beginning, and says where the rest is.
    expect(page).toContain('<bdi>');
    expect(page).toContain('not shown here. All of them: <code>npx --no headroom incidents show');
  });
});

/** What nobody but us may put into a page: an element, an attribute, a link, or something that cannot be seen. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const hostile = fc.string({
  unit: fc.constantFrom(
    ...`<>"'&\`*_[](){}#|!~^$\\/:;=-+.@ aé\n\r\t\u0000\u001b\u202e\u2066\u200b\u2028`.split(''),
    'http://',
    'www.',
    '<script>',
    '</svg>',
    '</style>',
    'javascript:',
    '&#x3c;',
    '](//x)',
  ),
  maxLength: 60,
});

describe('whatever names and words the record holds', () => {
  it('the page has the elements of any other, and no link', () => {
    const tags = (text: string) => {
      const page = reportPage(reportOn(aHostileRecord(text), NOW)).toString();
      const inside = page.slice(page.indexOf('</style>'));
      expect(inside).not.toMatch(/:\/\/|\bwww\./i);
      expect(inside.replaceAll('\n', '')).not.toMatch(UNSEEN);
      return inside.match(/<[^>]*>?/g)?.map((tag) => tag.replace(/"[^"]*"/g, '""'));
    };
    const allowed = new Set(tags('plain'));
    fc.assert(
      fc.property(hostile, (text) => {
        expect((tags(`x${text}`) ?? []).filter((tag) => !allowed.has(tag))).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  it('Markdown has no markup but ours', () => {
    const shape = (text: string) => {
      const markdown = reportInMarkdown(reportOn(aHostileRecord(text), NOW));
      expect(markdown).not.toMatch(/<|:\/\/|\bwww\./i);
      expect(markdown.replaceAll('\n', '')).not.toMatch(UNSEEN);
      const bare = markdown.replace(/\\[^\n]/g, '').split('\n');
      // Our own code span is the last line, and no name is in it.
      const special =
        bare
          .slice(0, -2)
          .join('\n')
          .match(/[`[\]{}~^$!_]/g) ?? [];
      return {
        lines: bare.length,
        tables: bare.filter((line) => line.startsWith('|')).length,
        special: special.join(''),
      };
    };
    const ours = shape('plain');
    fc.assert(
      fc.property(hostile, (text) => {
        expect(shape(`x${text}`)).toEqual(ours);
      }),
      { numRuns: 25 },
    );
  });
});
