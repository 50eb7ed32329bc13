import * as z from 'zod/mini';
import type { Session } from '../server/session.ts';
import { matchesAny } from './patterns.ts';
import { protect } from './policy.ts';
import { protectionOf } from './protection.ts';
import { SPARED, type SparedReason } from './spared.ts';

const share = z.nullable(z.number().check(z.minimum(0), z.maximum(100)));

/**
 * What a worker refuses, whoever asks and whatever settings come with the request. It is part of the worker's own
 * settings. Shares are in percent of usable slots; null: no bound.
 */
export const bounds = z.object({
  /** False for a target that only observes. */
  mayEnd: z.boolean(),
  /** False where cap-consumer only observes. */
  mayLimit: z.boolean(),
  protect,
  /** Most sessions that one request may end. */
  perActPercent: share,
  /** Most sessions that end within an hour, as far as this process knows. */
  perHourPercent: share,
});
export type Bounds = z.infer<typeof bounds>;

/** For a worker that does as it is told. */
export const UNBOUNDED: Bounds = {
  mayEnd: true,
  mayLimit: true,
  protect: protect.parse({}),
  perActPercent: null,
  perHourPercent: null,
};

/** A person's own request, made in their own process: what is protected stays so. */
export function ofPerson({ protect: names }: Bounds): Bounds {
  return { ...UNBOUNDED, protect: names };
}

const OBSERVES = 'the worker’s own settings have this target in mode observe';

/** Why nothing is ended at all, or null. */
export function whyNoEnd({ mayEnd }: Bounds): string | null {
  return mayEnd ? null : OBSERVES;
}

/** What the statement that ends a session checks by itself, and later than anybody else could. */
const CHECKED_AT_THE_END: ReadonlySet<SparedReason> = new Set([
  'own-session',
  'replication',
  'system-process',
  'superuser',
  'may-not-see',
  'user-unsure',
  'logging-in',
  'rolling-back',
]);

/** Why a session may not be ended, or null. `isHeldChecked`: that it holds nothing is part of the order. */
export function whyKept(session: Session, isHeldChecked: boolean, bounds: Bounds): string | null {
  const reason = protectionOf(session, withoutUnknownMaster(bounds));
  if (reason === null || CHECKED_AT_THE_END.has(reason)) return null;
  if (isHeldChecked && reason.startsWith('holds-')) return null;
  return `the worker’s own rules spare it: ${SPARED[reason]}`;
}

/** Who the master user is, the other side may have from RDS: that it is not known here keeps nobody. */
function withoutUnknownMaster({ protect: names }: Bounds): Pick<Bounds, 'protect'> {
  return { protect: { ...names, masterUser: names.masterUser ?? '' } };
}

/** Why a user may not be limited, or null. */
export function whyNoLimit(user: string, { mayLimit, protect: names }: Bounds): string | null {
  if (!mayLimit) return OBSERVES.replace('this target', 'cap-consumer');
  return matchesAny(user, names.users) ? 'the worker’s own settings protect this user' : null;
}

/** A lift only gives back: to no limit, or to a higher one. */
export function whyNoLift({
  limit,
  before,
}: {
  readonly limit: number;
  readonly before: number | null;
}): string | null {
  return before === null || before > limit ? null : 'this would lower the limit instead of lifting it';
}

/** How many sessions a request may end. `endedInHour`: how many ended in the hour before. */
export function mostToEnd({ perActPercent, perHourPercent }: Bounds, usable: number, endedInHour: number): number {
  const perAct = perActPercent === null ? Infinity : budgetSlots(perActPercent, usable);
  const perHour = perHourPercent === null ? Infinity : budgetSlots(perHourPercent, usable) - endedInHour;
  return Math.max(0, Math.min(perAct, perHour));
}

/** A budget in sessions, rounded up: on a small server it must not end one session short of its stated share. */
export function budgetSlots(percent: number, usable: number): number {
  return Math.ceil((percent * usable) / 100);
}
