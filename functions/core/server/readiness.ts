import { named, printable } from '../words/printable.ts';
import { PREPARED_TRANSACTION, type Session } from './session.ts';
import { DETAILS, type EngineName, type MissingDetail, type Snapshot } from './snapshot.ts';

/** Why Headroom must not end anything on a server, whatever the plan says. */
export interface ReasonNotToAct {
  readonly kind: 'may-not' | 'untested' | 'others-acting' | 'lock-taken';
  readonly why: string;
}

/** The first reason that a snapshot shows, or null. Diagnose and every act check it. */
export function reasonNotToAct(snapshot: Snapshot): ReasonNotToAct | null {
  const { visibility, server, othersActing, missing } = snapshot;
  const administrators = missing?.find(({ detail }) => detail === 'administrators');
  if (administrators !== undefined && !visibility.seesSessions)
    return { kind: 'may-not', why: `${describeMissing(administrators)}; so nothing was ended` };
  if (!visibility.seesSessions || !visibility.maySignal) {
    const lack = visibility.seesSessions ? 'end' : 'see';
    return { kind: 'may-not', why: `the responder may not ${lack} other users’ sessions, so nothing was ended` };
  }
  if (!server.tested) {
    const why = `Headroom was not tested on ${server.engine} ${server.major}, which is newer, so it only observes`;
    return { kind: 'untested', why };
  }
  // The sessions that the other executor is ending still show here: the same slots would be freed twice.
  if (othersActing)
    return { kind: 'others-acting', why: 'another executor is ending sessions on this server right now' };
  const holder = lockHolderIn(snapshot);
  return holder === null ? null : { kind: 'lock-taken', why: whyLockTaken(holder) };
}

/** What a look could not read, with the server's own words. */
export function describeMissing({ detail, why }: MissingDetail): string {
  return `${DETAILS[detail]} could not be read: ${printable(why, 200)}`;
}

/** Whoever else than an executor holds the server-side lock, with what the snapshot shows of it. */
export function lockHolderIn({ lockTakenBy, sessions }: Snapshot): LockHolder | null {
  if (lockTakenBy === null) return null;
  const session = sessions.find(({ identity }) => identity.id === lockTakenBy);
  const { user = null, application = '', client = null } = session ?? {};
  return { id: lockTakenBy, user, application, client };
}

/** A session that holds the server-side lock and does not log in as the responder. */
export interface LockHolder extends Pick<Session, 'user' | 'application' | 'client'> {
  /** As in SessionIdentity, or PREPARED_TRANSACTION. */
  readonly id: number;
}

/** Why Headroom does not act beside it. It may be another installation as well as somebody who is in the way. */
export function whyLockTaken(holder: LockHolder): string {
  return `the server-side lock is held by ${describeHolder(holder)}, which is not Headroom’s login, so nothing was ended`;
}

function describeHolder({ id, user, application, client }: LockHolder): string {
  if (id === PREPARED_TRANSACTION) return 'a prepared transaction';
  const parts = [
    `session ${id} of user ${user === null ? 'unknown' : named(user)}`,
    ...(application === '' ? [] : [`application ${named(application)}`]),
    ...(client === null ? [] : [`from ${printable(client)}`]),
  ];
  return parts.join(', ');
}

/** How an administrator takes the lock away from it. */
export function adviceOnLockTaken({ id }: Pick<LockHolder, 'id'>, engine: EngineName): readonly string[] {
  const end =
    id === PREPARED_TRANSACTION
      ? 'ask what it is, or roll it back by its gid (ROLLBACK PREPARED); its gid: SELECT gid, database FROM pg_prepared_xacts'
      : engine === 'postgres'
        ? `ask what it is, or end it as an administrator: SELECT pg_terminate_backend(${id})`
        : `ask what it is, or end it as an administrator (on RDS, CALL mysql.rds_kill(${id})): KILL ${id}`;
  return [end, 'if it is Headroom of another installation, let both log in as one responder'];
}
