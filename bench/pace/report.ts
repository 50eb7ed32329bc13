import type { ShownIncident } from './headroom.ts';
import type { Label } from './load.ts';
import type { PaceRun, Reading } from './run.ts';

/** What came of one load. Times are in seconds; null means that it did not happen. */
export interface PaceResult {
  readonly load: string;
  readonly engine: string;
  readonly server: string;
  readonly endedHealthy: number;
  readonly endedCulprits: number;
  /** From the trouble to the first ordinary client that was refused. */
  readonly fullSeconds: number | null;
  /** From then until clients get in, with usage under the trigger, for ten seconds. */
  readonly reliefSeconds: number | null;
  /** Logins and requests that were refused. */
  readonly refused: number;
  /** From relief until clients are refused, or usage is at the trigger, for five seconds. */
  readonly relapseSeconds: number | null;
  readonly usageAtEnd: number | null;
  /** On record, as people are told; and by the last look. */
  readonly cause: string | null;
  readonly causeAtEnd: string | null;
  readonly outcomes: readonly string[];
  readonly pages: readonly string[];
  readonly ok: boolean;
  readonly story: readonly string[];
}

const TRIGGER_PERCENT = 85;
const HOLD_MS = 10_000;
const RELAPSE_MS = 5_000;
const PROMISED_SECONDS = 180;
/** Results of an act that a client notices. */
const ENDED: ReadonlySet<string> = new Set(['ended', 'cancelled']);

export const HEAD = [
  'load',
  'engine',
  'healthy ended',
  'culprits ended',
  'full to relief s',
  'refused',
  'relapse s',
  'usage at end',
  'cause on record',
  'by the last look',
  'pages',
  'as it must',
] as const;

export function rowOf(result: PaceResult): string[] {
  const { load, engine, endedHealthy, endedCulprits, refused, usageAtEnd, cause, causeAtEnd, pages, ok } = result;
  const seconds = (value: number | null) => (value === null ? '-' : value.toFixed(0));
  return [
    load,
    engine,
    String(endedHealthy),
    String(endedCulprits),
    result.fullSeconds === null
      ? 'never full'
      : result.reliefSeconds === null
        ? 'never'
        : seconds(result.reliefSeconds),
    String(refused),
    seconds(result.relapseSeconds),
    usageAtEnd === null ? '?' : `${usageAtEnd.toFixed(0)}%`,
    cause ?? '-',
    causeAtEnd ?? '-',
    String(pages.length),
    ok ? 'yes' : 'NO',
  ];
}

export function summarise(run: PaceRun): PaceResult {
  const { load, engine, server, readings, troubleAt, incidents, notices, tallies } = run;
  const since = readings.filter(({ at }) => at >= troubleAt);
  const full = since.find(({ admitted }) => !admitted) ?? null;
  const after = full === null ? [] : since.filter(({ at }) => at >= full.at);
  const relief = after.find((reading) => isCalmFor(after, reading.at)) ?? null;
  const relapse = relief === null ? null : findRelapse(after.filter(({ at }) => at >= relief.at + HOLD_MS));
  const endedBy = (label: Label) => {
    const users = Object.entries(tallies).filter(([, each]) => each.label === label);
    // A pool notices some of its losses late, or never; a record has those that it was told of.
    return users.reduce((sum, [user, each]) => sum + Math.max(each.lost + each.cancelled, endedOf(user, incidents)), 0);
  };
  const refusals = Object.values(tallies).reduce((sum, { refused }) => sum + refused, 0);
  const pages = notices.filter(({ subject }) => /critical/i.test(subject)).map(({ subject }) => subject);
  const between = (from: Reading | null, to: Reading | null) =>
    from === null || to === null ? null : (to.at - from.at) / 1000;
  const endedHealthy = endedBy('healthy');
  const reliefSeconds = between(full, relief);
  const cause = incidents.at(-1)?.incident.cause?.name ?? null;
  const usageAtEnd = since.at(-1)?.usage ?? null;
  const isCalmAtEnd = usageAtEnd !== null && usageAtEnd < TRIGGER_PERCENT;
  const isInTime = full === null || (reliefSeconds !== null && reliefSeconds <= PROMISED_SECONDS);
  const isAsExpected = {
    page: pages.length > 0,
    limit: isInTime && isCalmAtEnd,
    relief: isInTime && isCalmAtEnd && relapse === null,
  };
  return {
    load: load.name,
    engine,
    server,
    endedHealthy,
    endedCulprits: endedBy('culprit'),
    fullSeconds: full === null ? null : (full.at - troubleAt) / 1000,
    reliefSeconds,
    refused: refusals + since.filter(({ admitted }) => !admitted).length,
    relapseSeconds: between(relief, relapse),
    usageAtEnd,
    cause,
    causeAtEnd: causeAtEnd(incidents),
    outcomes: incidents.map(({ incident }) => incident.outcome ?? 'open'),
    pages,
    ok: endedHealthy === 0 && cause === load.cause && isAsExpected[load.expected],
    story: storyOf(run),
  };
}

/** Sessions of a user that were ended or had their query cancelled, by the records. */
function endedOf(user: string, incidents: readonly ShownIncident[]): number {
  const victims = incidents.flatMap(({ acts }) => acts).flatMap((act) => act.victims);
  return victims.filter((each) => each.user === user && ENDED.has(each.result ?? '')).length;
}

function isCalmFor(readings: readonly Reading[], from: number): boolean {
  const window = readings.filter(({ at }) => at >= from && at <= from + HOLD_MS);
  const isWhole = (readings.at(-1)?.at ?? 0) >= from + HOLD_MS;
  return isWhole && window.every(({ admitted, usage }) => admitted && usage < TRIGGER_PERCENT);
}

/** A login that is refused takes a slot for a moment too: a moment of refusals is none. */
function findRelapse(readings: readonly Reading[]): Reading | null {
  let badSince: Reading | null = null;
  for (const reading of readings) {
    const isBad = !reading.admitted || reading.usage >= TRIGGER_PERCENT;
    badSince = isBad ? (badSince ?? reading) : null;
    if (badSince !== null && reading.at - badSince.at >= RELAPSE_MS) return badSince;
  }
  return null;
}

/** By the last look that named one. */
function causeAtEnd(incidents: readonly ShownIncident[]): string | null {
  const causes = incidents.flatMap(({ rounds }) => rounds).flatMap(({ cause }) => (cause === null ? [] : [cause.name]));
  return causes.at(-1) ?? null;
}

interface Told {
  readonly at: number;
  readonly text: string;
  /** Left out where it says what the line of its kind before it said. */
  readonly sameAs?: string;
}

/** Every look that says something new, act and page, with the seconds since the trouble began. */
function storyOf({ incidents, notices, troubleAt, tallies }: PaceRun): string[] {
  const when = (at: number) => `${((at - troubleAt) / 1000).toFixed(0).padStart(5)} s`;
  const lines = incidents.flatMap(({ incident, rounds, acts }): Told[] => [
    { at: incident.openedAt, text: `incident ${incident.id} is opened; its outcome: ${incident.outcome ?? 'open'}` },
    ...rounds.flatMap((round) => [
      ...describeLook(round),
      ...acts
        .filter((act) => act.round === round.round)
        .flatMap((act) => describeAct(act).map((text) => ({ at: round.at, text }))),
    ]),
  ]);
  const told = notices.map(({ at, notice, subject }): Told => ({ at, text: `told (${notice}): ${subject}` }));
  const clients = Object.entries(tallies).map(
    ([user, { label, worked, refused, lost, cancelled, other }]) =>
      `${user} (${label}): ${worked} requests served, ${refused} refused, ${lost} sessions lost, ` +
      `${cancelled} queries cancelled, ${other} other failures`,
  );
  return [
    ...withoutRepeats([...lines, ...told].sort((a, b) => a.at - b.at)).map(({ at, text }) => `${when(at)}  ${text}`),
    ...clients,
  ];
}

function withoutRepeats(lines: readonly Told[]): Told[] {
  let last = '';
  return lines.filter(({ sameAs }) => {
    if (sameAs === undefined) return true;
    const isNew = sameAs !== last;
    last = sameAs;
    return isNew;
  });
}

/** Evidence is worth a line where the cause, the next step or who departs has changed. */
function describeLook({ round, at, usage, canary, cause, next, why, spared }: ShownIncident['rounds'][number]): Told[] {
  const named = cause === null ? 'no cause' : `${cause.name} (${(100 * cause.confidence).toFixed(0)}%)`;
  const seen = `${usage === null ? 'not let in' : `${usage.toFixed(0)}%`}, clients ${canary ?? '?'}`;
  const evidence = (cause?.evidence ?? []).filter((text) => !NOT_TOLD.test(text));
  const sparing = Object.entries(spared).map(([reason, sessions]) => `${sessions} ${reason}`);
  return [
    {
      at,
      text: [
        `look ${round}: ${seen}; ${named}; next ${next}: ${why}`,
        ...evidence,
        `spared: ${sparing.join(', ')}`,
      ].join(`\n${' '.repeat(13)}`),
      sameAs: [cause?.name, next].join(),
    },
  ];
}

const NOT_TOLD = /^(largest shares|active sessions wait|connected for|idle for|running a query for|\d+ of \d+ usable)/;

function describeAct({ tier, victims }: ShownIncident['acts'][number]): string[] {
  const of = (method: string) =>
    Map.groupBy(
      victims.filter((each) => each.method === method),
      ({ user, result }) => `${result ?? 'not tried'}: ${user ?? '?'}`,
    );
  return ['cancel', 'terminate'].flatMap((method) =>
    [...of(method)].map(([who, own]) => `  ${tier}: ${method} ${own.length} ${who} (${own[0]?.reason ?? ''})`),
  );
}
