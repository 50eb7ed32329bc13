import type { CauseName } from '../policy/cause-names.ts';
import { SPARED, type SparedReason } from '../policy/spared.ts';
import { consumerOf } from '../server/consumer.ts';
import type { Session } from '../server/session.ts';
import type { Standing } from '../usual/departure.ts';
import { commandFor, type CommandSubject } from '../words/commands.ts';
import { count } from '../words/count.ts';
import { countBy } from '../words/count-by.ts';
import { mostFirst } from '../words/lists.ts';
import { named, printable, shellWord } from '../words/printable.ts';
import type { Diagnosis } from './diagnosis.ts';

/** Reasons that keep a tier from an idle session, and not a person. */
const UP_TO_PEOPLE: ReadonlySet<SparedReason> = new Set([
  'at-usual',
  'usual-unknown',
  'suspects-suffice',
  'no-prospect',
  'not-idle-long-enough',
  'transaction-too-young',
  'pool-minimum',
  'tried-first',
  'cap-tier',
  'cap-incident',
  'cap-hour',
]);

/** Whom people are pointed at first. What is as usual comes last, and the line says that it is. */
const FIRST_TO_LAST: readonly Standing[] = ['suspect', 'unsure', 'at-work', 'usual'];
const CAVEATS: Readonly<Partial<Record<Standing, string>>> = {
  'at-work': ` (${SPARED['at-work']})`,
  usual: ` (${SPARED['at-usual']})`,
};
/** Clients that hang or come again take at once what a healthy pool gives up. */
const TAKES_WHAT_COMES_FREE: ReadonlySet<CauseName> = new Set(['lock-contention', 'connection-storm']);
/** Most consumers that people are pointed at. */
const MOST_LINES = 2;

/**
 * What a person can run who decides for it: `headroom end` for the consumer whose idle sessions are what is wrong, and
 * where these do not suffice for the one that comes next. No line where no session may be ended, or ending sessions was
 * seen to gain nothing.
 */
export function endByHand({ plan, cause, facts, departures }: Diagnosis, target: CommandSubject): string[] {
  if (facts.returns.vainSince !== null) return [];
  const planned = plan.tiers.flatMap(({ victims }) => victims.map(({ session }) => session));
  const open = plan.spared.flatMap(({ session, reason }) => (UP_TO_PEOPLE.has(reason) ? [session] : []));
  const idle = [...planned, ...open].filter(({ state }) => state.startsWith('idle'));
  const choices = [...Map.groupBy(idle, consumerOf)].flatMap(([consumer, sessions]): Choice[] => {
    // The command is for all of its idle sessions, so one odd session does not decide.
    const [[standing] = ['usual' as const]] = mostFirst(countBy(sessions, departures.standingOf));
    const isInVain = standing === 'usual' && TAKES_WHAT_COMES_FREE.has(cause.name);
    return isInVain ? [] : [{ consumer, sessions, standing }];
  });
  const rankOf = ({ standing }: Choice) => FIRST_TO_LAST.indexOf(standing);
  choices.sort((a, b) => rankOf(a) - rankOf(b) || b.sessions.length - a.sessions.length);
  let freed = 0;
  const lines: string[] = [];
  for (const choice of choices) {
    if (lines.length >= MOST_LINES || (lines.length > 0 && freed >= plan.need)) break;
    const scope = scopeOf(choice.sessions);
    if (scope === null) continue;
    lines.push(lineFor(choice, scope, target));
    freed += choice.sessions.length;
  }
  return lines;
}

/** Idle sessions of one consumer that a person may end. */
interface Choice {
  readonly consumer: string;
  readonly sessions: readonly Session[];
  /** Of most of them. */
  readonly standing: Standing;
}

function lineFor({ consumer, sessions, standing }: Choice, scope: string, target: CommandSubject): string {
  const which = `${count(sessions.length, 'idle session')} of ${named(consumer, 40)}${CAVEATS[standing] ?? ''}`;
  return `to end ${which} now: ${commandFor(`end ${scope} --why "…"`, target)}`;
}

/** The options that name these sessions; null where a name cannot be printed as it is. */
function scopeOf(sessions: readonly Session[]): string | null {
  const user = sessions[0]?.user ?? '';
  const isOneUser = sessions.every((session) => session.user === user);
  const applications = [...new Set(sessions.map(({ application }) => application))];
  const application = commonStart(applications) + (applications.length > 1 ? '*' : '');
  const options = [
    ...(isOneUser ? ([['--user', user]] as const) : []),
    ...(application === '' || application === '*' ? [] : ([['--application', application]] as const)),
  ];
  const isPlain = options.every(([, name]) => printable(name, 63) === name && name !== '');
  if (options.length === 0 || !isPlain) return null;
  return options.map(([option, name]) => `${option} ${quoted(name)}`).join(' ');
}

function commonStart([first = '', ...others]: readonly string[]): string {
  let length = first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length);
}

/** A star would be the shell's. */
function quoted(name: string): string {
  return name.endsWith('*') ? `'${name.replaceAll("'", `'\\''`)}'` : shellWord(name);
}
