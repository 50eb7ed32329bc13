import { BlockList, isIP } from 'node:net';
import { RDS_LOGINS, SERVER_USERS, type Session } from '../server/session.ts';
import { isMaintenance } from '../server/statement.ts';
import { isInDoubt } from './doubt.ts';
import { readNetwork } from './network.ts';
import { matchesAny } from './patterns.ts';
import type { Policy, Protecting } from './policy.ts';
import type { SparedReason } from './spared.ts';
import { toolOf } from './tools.ts';

const PLATFORM = [...RDS_LOGINS, ...SERVER_USERS];

/** Why no tier may ever end this session, or null. The first reason that holds is the one that is given. */
export function protectionOf(session: Session, policy: Protecting): SparedReason | null {
  if (session.own) return 'own-session';
  if (session.kind === 'replication') return 'replication';
  if (session.kind !== 'client') return 'system-process';
  if (session.superuser) return 'superuser';
  if (isAdministrator(session, policy) === true) return 'administrator';
  if (session.user !== null && matchesAny(session.user, PLATFORM)) return 'rds-internal';
  if (session.state === 'starting') return 'logging-in';
  if (session.state === 'rolling-back') return 'rolling-back';
  if (session.user === null || session.state === 'unseen' || session.state === 'other') return 'may-not-see';
  if (session.doubts.includes('user')) return 'user-unsure';
  const tool = toolOf(session, policy);
  if (tool !== null) return `${tool}-tool`;
  if (matchesAny(session.user, policy.protect.users)) return 'protected-user';
  if (matchesAny(session.application, policy.protect.applications)) return 'protected-application';
  if (session.doubts.includes('application') && policy.protect.applications.length > 0) return 'application-unknown';
  if (session.database !== null && matchesAny(session.database, policy.protect.databases)) return 'protected-database';
  if (session.client !== null && matchesClient(session.client, policy.protect.clients)) return 'protected-client';
  if (session.statement?.isOptedOut === true) return 'opted-out';
  if (mayBeProtected(session, policy)) return 'may-be-protected';
  const [holding] = session.holds;
  if (holding !== undefined) return `holds-${holding}`;
  if (isWaiter(session)) return 'waits-for-lock';
  if (session.doubts.includes('holdings')) return 'holdings-unknown';
  return null;
}

/** Null: it may be one, and nobody can tell. */
function isAdministrator({ user, administrator }: Session, { protect }: Protecting): boolean | null {
  if (user !== null && matchesAny(user, protect.exceptAdministrators)) return false;
  if (protect.masterUser === undefined) return administrator;
  return user === protect.masterUser || administrator === true;
}

/** The policy with the master user that RDS names, where it names none itself. */
export function withMasterUser(policy: Policy, masterUser: string | null): Policy {
  if (masterUser === null || policy.protect.masterUser !== undefined) return policy;
  return { ...policy, protect: { ...policy.protect, masterUser } };
}

function mayBeProtected(session: Session, policy: Protecting): boolean {
  return isAdministrator(session, policy) === null || isInDoubt(session, policy.protect);
}

/** A session in a lock queue. Its slot comes free when its blocker goes; ending it would only lose its work. */
function isWaiter(session: Session): boolean {
  return session.blockedBy.length > 0 || session.lockWaitMs !== null;
}

/** What MySQL and MariaDB show for a client on their own machine, where they look up names. */
const LOCALHOST = 'localhost';
const LOOPBACK = ['127.0.0.1', '::1'];

/** Whether an address is named exactly or by prefix, or lies in one of the networks. */
export function matchesClient(client: string, patterns: readonly string[]): boolean {
  if (matchesAny(client, patterns)) return true;
  if (client === LOCALHOST) return LOOPBACK.some((address) => matchesClient(address, patterns));
  // A server that listens on IPv6 shows IPv4 clients in this form.
  const address = client.replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(address);
  return family !== 0 && networksOf(patterns).check(address, family === 4 ? 'ipv4' : 'ipv6');
}

const networks = new WeakMap<readonly string[], BlockList>();

function networksOf(patterns: readonly string[]): BlockList {
  const known = networks.get(patterns);
  if (known) return known;
  const list = new BlockList();
  for (const network of patterns.flatMap((pattern) => readNetwork(pattern) ?? [])) {
    list.addSubnet(network.address, network.bits, network.family);
  }
  networks.set(patterns, list);
  return list;
}

/**
 * Ending it would throw away more work than the policy allows. Where rows are not counted (PostgreSQL), the time in
 * which it can have written is used instead.
 */
export function isRollbackTooCostly(session: Session, { rollback }: Policy): boolean {
  if (session.rowsModified !== null) return session.rowsModified > rollback.maxRowsModified;
  if (!session.hasWritten) return false;
  if (session.transactionMs === null) return true;
  return workedMs(session) > rollback.maxWritingSeconds * 1000;
}

/** How long the open transaction has worked: its age less its idle time. 0 where its age is not known. */
export function workedMs({ state, stateMs, transactionMs }: Session): number {
  const idleMs = state.startsWith('idle-in-transaction') ? (stateMs ?? 0) : 0;
  return Math.max(0, (transactionMs ?? 0) - idleMs);
}

/** Why only a person may throw away the work of this session, or null. */
export function reservedForPerson(session: Session, policy: Policy): SparedReason | null {
  // Also when it is idle in its transaction after such a statement: then the work is half done.
  if (session.statement !== null && isMaintenance(session.statement.verb)) return 'maintenance-statement';
  return isRollbackTooCostly(session, policy) ? 'rollback-too-costly' : null;
}
