import type { SparedReason } from '../policy/spared.ts';
import { consumerOf } from '../server/consumer.ts';
import type { Session } from '../server/session.ts';
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
  'cap-tier',
  'cap-incident',
  'cap-hour',
]);

/**
 * What a person can run who decides for it: `headroom end` for the consumer with the most idle sessions that it may
 * end. No line where there is none, or ending sessions was seen to gain nothing.
 */
export function endByHand({ plan, facts }: Diagnosis, target: CommandSubject): string[] {
  if (facts.returns.vainSince !== null) return [];
  const planned = plan.tiers.flatMap(({ victims }) => victims.map(({ session }) => session));
  const open = plan.spared.flatMap(({ session, reason }) => (UP_TO_PEOPLE.has(reason) ? [session] : []));
  const idle = [...planned, ...open].filter(({ state }) => state.startsWith('idle'));
  const [most] = mostFirst(countBy(idle, consumerOf));
  if (most === undefined) return [];
  const [consumer, sessions] = most;
  const scope = scopeOf(idle.filter((session) => consumerOf(session) === consumer));
  if (scope === null) return [];
  const which = `${count(sessions, 'idle session')} of ${named(consumer, 40)}`;
  return [`to end ${which} now: ${commandFor(`end ${scope} --why "…"`, target)}`];
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
