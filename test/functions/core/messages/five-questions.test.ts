import { describe, expect, it } from 'vitest';
import { headlineIn } from '../../../../functions/core/messages/form/subject.ts';
import { composeChanges, type Change } from '../../../../functions/core/messages/changes.ts';
import type { Section } from '../../../../functions/core/messages/message.ts';
import { composeWarning } from '../../../../functions/core/messages/warning.ts';
import { WARNINGS, type WarningName } from '../../../../functions/core/sampler/warnings.ts';
import { refusedAt, seenAt } from '../../../support/a-sample.ts';
import { aTarget } from '../../../support/a-session.ts';
import { MESSAGE_KINDS } from '../../../support/message-kinds.ts';

/** What somebody asks at three in the morning who has never heard of Headroom, and where the message answers. */
interface Answers {
  readonly wrong: string;
  readonly did: string;
  readonly now: string;
  readonly sure: string;
  readonly stop: string;
}

const STOP = 'npx --no headroom pause --target shop --why "…"';
const ACT_NOW = 'Do        to end 34 idle sessions of exporter/invoices now: npx --no headroom end';

/** The texts are in fixtures/, one for each kind: read them as that person would. */
const ANSWERS: Readonly<Record<string, Answers>> = {
  opened: {
    wrong: 'shop: OUT of connections, clients refused; 51 of 52 slots taken',
    did: 'Headroom is working on it and will report the result within minutes',
    now: 'Do        Nothing yet',
    sure: 'measured 98% used (51 of 52), logins refused as full, at 2026-11-21 03:01:35 UTC',
    stop: STOP,
  },
  'opened-observing': {
    wrong: 'shop: OUT of connections, clients refused; 51 of 52 slots taken; Headroom may only look',
    did: 'Headroom may only look here',
    now: 'Do        Get ready to act',
    sure: 'measured 98% used (51 of 52)',
    stop: STOP,
  },
  resolved: {
    wrong: 'shop: relieved, 98% -> 62%, 19 sessions ended',
    did: 'Done      kill-idle (1 act): 19 ended',
    now: 'Do        Nothing now.',
    sure: '(86% sure)',
    stop: STOP,
  },
  observed: {
    wrong: 'shop: observed only, 98% used',
    did: 'nothing was ended',
    now: 'Do        Decide: nothing was ended. Act yourself',
    sure: '(86% sure)',
    stop: STOP,
  },
  escalated: {
    wrong: 'shop: needs a person; still 98% full, nothing safe to end',
    did: 'Done      nothing was ended',
    now: ACT_NOW,
    sure: '(86% sure)',
    stop: STOP,
  },
  changed: {
    wrong: 'shop: still needs a person; still 98% full',
    did: 'Done      nothing was ended',
    now: ACT_NOW,
    sure: '(86% sure)',
    stop: STOP,
  },
  'page-2': {
    wrong: 'shop: 2nd page, not acknowledged; needs a person; still 98% used; clients refused',
    did: 'Next      Headroom stays until',
    now: ACT_NOW,
    sure: 'now: 98% used (51 of 52), logins refused as full, at 2026-11-21 03:01:35 UTC',
    stop: STOP,
  },
  failed: {
    wrong: 'shop: Headroom failed, check manually; WorkerFault',
    did: 'Done      nothing was ended',
    now: 'Do        Check the server yourself',
    sure: 'now: 98% used (51 of 52)',
    stop: STOP,
  },
  done: {
    wrong: '19 sessions manually; 98% -> 62%',
    did: 'Done      kill-idle (1 act): 19 ended',
    now: 'Do        Nothing: a person asked for this.',
    sure: 'usage 98% at first, 100% at most, 62% at last',
    stop: STOP,
  },
  interrupted: {
    wrong: 'shop: needs a person; stopped by ann; 98% used at the last look',
    did: 'Done      nothing was ended',
    now: 'Do        Nobody works on it any more. Take it up again: npx --no headroom respond --target shop',
    sure: '(86% sure)',
    stop: STOP,
  },
  approval: {
    wrong: 'shop: your answer is needed; 98% used',
    did: 'Nothing is done without approval',
    now: 'Do        Read and decide: https://page.example/?key=secret',
    sure: '(86% sure)',
    stop: STOP,
  },
  warning: {
    wrong: 'shop: filling up; 83 of 100 usable slots are taken',
    did: 'Headroom does nothing about it by itself',
    now: 'Do        look at who holds the slots: `npx --no headroom plan --target shop`',
    sure: 'Measured: every sample',
    stop: STOP,
  },
  'self-check': {
    wrong: 'shop: Headroom is not ready for an incident; failed: way into a full server',
    did: 'It changed nothing and ended nobody',
    now: 'Do        way into a full server: GRANT pg_use_reserved_connections',
    sure: 'Certain: Headroom has just tried it',
    stop: STOP,
  },
  'target-changed': {
    wrong: 'shop: another server has this name now',
    did: 'No session was ended because of it',
    now: 'Do        if it is meant to be the same database, set resourceId: db-NEW',
    sure: 'Certain: RDS itself says so',
    stop: STOP,
  },
  'limit-left': {
    wrong: 'shop: a connection limit is stuck; user exporter stays at 12',
    did: 'Headroom set this limit in incident',
    now: 'Do        run as an administrator: ALTER ROLE "exporter" CONNECTION LIMIT -1',
    sure: 'Certain: Headroom tried to lift it',
    stop: STOP,
  },
  gathered: {
    wrong: '40 databases: 32 in trouble; 8 with a warning',
    did: 'Headroom works on each database by itself, as ever',
    now: 'Do        Look for what these databases have in common',
    sure: 'Each line is the headline of a notice',
    stop: 'npx --no headroom pause --all --why "…"',
  },
  refused: {
    wrong: 'shop: an alarm was not understood; alarm cpu-high refused',
    did: 'Headroom has not looked at the server and has ended nothing',
    now: 'Do        If a database is in trouble, look at it yourself.',
    sure: 'Certain that the event was refused',
    stop: STOP,
  },
};

const TARGET = aTarget({ id: 'shop' });
const AT = Date.UTC(2026, 10, 21, 3, 1, 40);
const MEMBER = { member: 'shop-2', isWriter: true };
const CHANGES: readonly Change[] = [
  ...(['came', 'went', 'role', 'replaced'] as const).map((kind) => ({ kind, ...MEMBER })),
  { kind: 'moved', before: 'db-OLD', now: 'db-NEW' },
  { kind: 'slots', instance: 'shop', usable: 52, before: 80, now: 44 },
];

/** Every kind, and those about no incident in every form that they have. */
const EVERY_KIND: Readonly<Record<string, readonly Section[]>> = {
  ...Object.fromEntries(
    (Object.keys(WARNINGS) as WarningName[]).flatMap((name) =>
      [seenAt(AT, 97), refusedAt(AT, 'full')].map((sample) => [
        `warning ${name}${sample.isFull ? ', full' : ''}`,
        composeWarning({ name, since: AT, lastedMs: 60_000, sample }, TARGET, AT).sections,
      ]),
    ),
  ),
  ...Object.fromEntries(
    CHANGES.map((change) => [`change ${change.kind}`, composeChanges(TARGET, [change], AT)?.sections ?? []]),
  ),
  ...Object.fromEntries(Object.entries(MESSAGE_KINDS).map(([kind, { sections }]) => [kind, sections])),
};

it.each(Object.entries(EVERY_KIND))('%s: says who is affected, since when, and how to stop Headroom', (_, sections) => {
  const linesOf = (wanted: string) => sections.find(([label]) => label === wanted)?.[1].join('\n') ?? '';
  expect(linesOf('Affects')).toMatch(
    /^(whoever|nobody|no client|not known|the clients of) ?[^]*\d{4}-\d\d-\d\d .* UTC/,
  );
  expect(linesOf('Stop')).toContain('npx --no headroom pause --');
});

it('says that clients are refused where the newest sample was', () => {
  const sections = EVERY_KIND['warning filling-up, full']?.flatMap(([, lines]) => lines);
  expect(sections).toContain(
    'whoever opens a new connection: refused as full; since 2026-11-21 03:01:40 UTC or before',
  );
});

describe.each(Object.entries(MESSAGE_KINDS))('the message %s', (kind, { subject, body }) => {
  it('answers five questions by itself', async () => {
    const answers = Object.entries(ANSWERS[kind] ?? {});
    expect(answers).toHaveLength(5);
    for (const [, answer] of answers) expect(body).toContain(answer);
    // What to do is the first thing that it says.
    expect(body.split('\n')[2]).toContain(ANSWERS[kind]?.now);
    await expect(`${subject}\n\n${body}`).toMatchFileSnapshot(`fixtures/${kind}.txt`);
  });

  it('has a subject whose clauses are all whole', () => {
    expect(subject.length).toBeLessThan(100);
    expect(subject).toMatch(/^\[Headroom(?: WARNING| CRITICAL)?\] (?:shop|40 databases): [\x20-\x7e]+$/);
    expect(subject).not.toContain('...');
    for (const clause of headlineIn(subject).split('; ')) expect(body.split('\n')[0]).toContain(clause);
  });
});

it('is critical from the first notice on where clients are refused, and names who is over what it had', () => {
  const { opened } = MESSAGE_KINDS;
  expect(opened?.attributes.severity).toBe('critical');
  expect(opened?.body).toContain('exporter/invoices holds 46 (at most 12 in the hour before)');
});
