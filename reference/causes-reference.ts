import { adviseOn } from '../functions/core/cause/advice.ts';
import type { Facts } from '../functions/core/cause/facts.ts';
import { CAUSES, CERTAINTY, tierOrderFor, weighCauses, type WeighedCause } from '../functions/core/cause/find-cause.ts';
import { KNOWN_CAUSES as KNOWN } from '../functions/core/cause/known-causes.ts';
import { weighShare, type Cause } from '../functions/core/cause/weights.ts';
import { NO_HISTORY } from '../functions/core/plan/tier-plan.ts';
import type { CauseName, KnownCause } from '../functions/core/policy/cause-names.ts';
import { policy } from '../functions/core/policy/policy.ts';
import { consumerOf } from '../functions/core/server/consumer.ts';
import type { Session } from '../functions/core/server/session.ts';
import { diagnoseSnapshot } from '../functions/core/verdict/diagnosis.ts';
import { inWords } from '../functions/core/words/in-words.ts';
import { percent } from '../functions/core/words/percent.ts';
import type { CauseExample } from './cause-example.ts';
import { CAUSE_EXAMPLES } from './cause-examples.ts';
import { code, fillParts, list, table } from './markdown.ts';

const POLICY = policy.parse({});
const NAMES = (Object.keys(KNOWN) as KnownCause[]).sort((a, b) => KNOWN[b].prior - KNOWN[a].prior || (a < b ? -1 : 1));

/** What is between `<!-- NAME -->` and `<!-- end -->` in docs/causes.md, by name. */
const PARTS: Readonly<Record<string, () => string>> = {
  priors: () =>
    table(
      ['cause', 'base rate', 'words in the record', 'tier that goes first'],
      NAMES.map((name) => {
        const { prior, words, first }: Cause = KNOWN[name];
        return [
          code(name),
          `${(100 * prior).toFixed(1)}%`,
          words,
          first === null ? 'none: a person is notified' : code(first),
        ];
      }),
    ),
  shares: () =>
    table(
      ['share of the taken slots', 'weight', 'the odds change by'],
      [0, 0.05, 0.1, 0.2, 0.33, 0.5, 0.75, 1].map((share) => [
        `${percent(100 * share)}`,
        signed(weighShare(share)),
        factor(weighShare(share)),
      ]),
    ),
  signals: () => table(['cause', 'sign', 'for', 'against'], NAMES.flatMap(signRows)),
  certainty: () =>
    table(
      ['figure', 'value'],
      [
        ['odds of “unclear” when no sign counts', String(CERTAINTY.unclear)],
        ['factor for “unclear” for each missing thing', String(CERTAINTY.unknownFactor)],
        ['least probability at which a cause is named', String(CERTAINTY.leastSure)],
        ['least probability at which it is listed', String(CERTAINTY.leastProbability)],
      ],
    ),
  examples: () => CAUSE_EXAMPLES.map(describeExample).join('\n\n'),
};

/** docs/causes.md with every generated part anew; the prose around them stays. Throws as `fillParts` does. */
export function fillCauses(text: string): string {
  return fillParts('docs/causes.md', text, PARTS);
}

function signRows(name: KnownCause): string[][] {
  const { explains, signs }: Cause = KNOWN[name];
  return [
    [code(name), `share: ${explains.of}`, signed(weighShare(1)), signed(weighShare(0))],
    ...signs.map(({ of, weight, speaks }) => [
      '',
      of,
      speaks === 'against' ? '–' : signed(weight),
      speaks === 'for' ? '–' : signed(-weight),
    ]),
  ];
}

function describeExample({ cause, story, target, snapshot, context }: CauseExample): string {
  const diagnosis = diagnoseSnapshot(snapshot, { policy: POLICY, mode: 'act' }, NO_HISTORY, { context });
  const { cause: finding, facts } = diagnosis;
  const ranked = weighCauses(facts, POLICY);
  const shown = ranked.find(({ name }) => name === (cause === 'unclear' ? ranked[0]?.name : cause));
  return [
    `### ${cause}`,
    `${story} (${target.engine}${target.isRds ? ' on RDS' : ''}, ${snapshot.limits.usable} usable slots)`,
    table(['sessions', 'of', 'addresses', 'state', 'for', 'connected for'], sessionRows(snapshot.sessions)),
    historyLine(facts),
    shown === undefined ? '' : weighing(shown, facts),
    `**Ranked:** ${finding.ranking.map(({ name, probability }) => `${code(name)} ${probability.toFixed(2)}`).join(', ')}. **Found:** ${code(finding.name)}, confidence ${finding.confidence.toFixed(2)}.`,
    `**Evidence in the record:**`,
    list(finding.evidence),
    `**Tiers, in this order:** ${tierOrderFor(finding.name).map(code).join(', ')}. First: ${firstWords(finding.name)}.`,
    `**Advice:**`,
    list(adviseOn(finding.name, facts, target)),
  ].join('\n\n');
}

function sessionRows(sessions: readonly Session[]): string[][] {
  const groups = new Map<string, Session[]>();
  for (const session of sessions) {
    const key = `${consumerOf(session)} ${session.state} ${session.blockedBy.length > 0}`;
    groups.set(key, [...(groups.get(key) ?? []), session]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const waits = first.blockedBy.length > 0 ? `, waits for session ${first.blockedBy.join(', ')}` : '';
    return [
      String(group.length),
      code(consumerOf(first)),
      String(new Set(group.map(({ client }) => client)).size),
      first.state + waits,
      range(group.map(({ stateMs }) => stateMs)),
      range(group.map(({ connectedMs }) => connectedMs)),
    ];
  });
}

function historyLine({ trend, poolSlots, usable, freeMemoryBytes, halfOpen, atLimit }: Facts): string {
  const { opensPerMinute, refusedPerMinute } = trend ?? {};
  return [
    trend === null
      ? 'No samples from before'
      : `Samples of ${inWords(trend.spanMs)}: usage climbed from ${trend.base} slots by ${trend.gained} within ${inWords(trend.climbMs)}` +
        (opensPerMinute == null ? '' : `, recently with ${Math.round(opensPerMinute)} sessions opened a minute`) +
        (refusedPerMinute == null ? '' : ` and ${Math.round(refusedPerMinute)} logins refused`),
    ...(halfOpen.count > 0 ? [`connections without a session: ${halfOpen.count}`] : []),
    ...atLimit.map(({ of, name, limit }) => `${of} ${code(name)} at its limit of ${limit}`),
    ...(poolSlots === null ? [] : [`configured pools: ${poolSlots} connections for ${usable} slots`]),
    ...(freeMemoryBytes === null ? [] : [`least free memory: ${Math.round(freeMemoryBytes / 1_000_000)} MB`]),
  ]
    .join('; ')
    .concat('.');
}

function weighing({ name, signals, score }: WeighedCause, facts: Facts): string {
  if (name === 'unclear') return '';
  const { explains }: Cause = KNOWN[name];
  const [share, ...signs] = signals;
  const speaking = signs.filter(({ weight }) => Math.abs(weight) >= 0.005);
  return table(
    [`sign for or against ${code(name)}`, 'weight'],
    [
      [`its base rate, ${(100 * KNOWN[name].prior).toFixed(1)}%`, signed(Math.log(KNOWN[name].prior))],
      [`share, ${explains.slots(facts)} of ${facts.taken}: ${explains.of}`, signed(share?.weight ?? 0)],
      ...speaking.map(({ of, weight }) => [of, signed(weight)]),
      ['together', signed(score)],
    ],
  );
}

function firstWords(name: CauseName): string {
  const { first } = CAUSES[name];
  return first === null
    ? 'none deals with this cause itself, so the harm decides'
    : `${code(first)} deals with this cause`;
}

function range(ages: readonly (number | null)[]): string {
  const known = ages.filter((age) => age !== null);
  if (known.length === 0) return 'not known';
  if (Math.max(...known) < 1000) return 'under 1 s';
  const [least, most] = [inWords(Math.min(...known)), inWords(Math.max(...known))];
  return least === most ? least : `${least} to ${most}`;
}

function signed(weight: number): string {
  return `${weight < 0 ? '−' : '+'}${Math.abs(weight).toFixed(2)}`;
}

function factor(weight: number): string {
  const times = Math.exp(Math.abs(weight));
  const words = times < 10 ? times.toFixed(1) : String(Math.round(times));
  return weight < 0 ? `÷ ${words}` : `× ${words}`;
}
