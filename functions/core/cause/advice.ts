import type { CauseName } from '../policy/cause-names.ts';
import type { TargetSettings } from '../policy/target.ts';
import { limitStatement } from '../server/limit-statement.ts';
import type { Session } from '../server/session.ts';
import { atItFor, describeHead, whoIs } from '../server/slot-picture.ts';
import { count } from '../words/count.ts';
import { countBy } from '../words/count-by.ts';
import { inWords } from '../words/in-words.ts';
import { mostFirst } from '../words/lists.ts';
import { named, printable } from '../words/printable.ts';
import { adviseOnPools, comersOf, fairLimit, raiseLimit } from './advice-sizes.ts';
import { largestConsumer, type Facts } from './facts.ts';
import { adviseOnPrepared } from './prepared.ts';

export type Advised = Pick<TargetSettings, 'engine' | 'isRds' | 'pools'>;

const LONGEST_TEXT = 120;

/**
 * What to change for good, computed from the facts: the most important first, one sentence each, with the setting and
 * where it belongs. Names and statements from the server have no control characters and no literals. A statement to run
 * ends its line, after a colon, and runs as it is.
 */
export function adviseOn(cause: CauseName, facts: Facts, target: Advised): string[] {
  return ADVICE[cause](facts, target);
}

type Advise = (facts: Facts, target: Advised) => string[];

const ADVICE: Readonly<Record<CauseName, Advise>> = {
  'consumer-limit': ({ atLimit }, { engine }) => [
    ...atLimit.slice(0, 3).map(({ of, name, limit }) => raiseOwnLimit(of, name, limit, engine)),
    'or make the pools of that user smaller, so that together they stay under the limit',
  ],
  'connection-leak': ({ leaker, usable }, { engine }) => [
    `restart the service behind ${applicationOf(leaker.sessions)}: it had ` +
      `${leaker.sessions.length} of ${usable} usable slots and did not use them`,
    ...lastStatement(leaker.sessions, 'the code that runs it does not give its connection back'),
    'in its pool, set a leak detection threshold of a minute (HikariCP: leakDetectionThreshold) ' +
      'and a maximum lifetime of half an hour',
    engine === 'postgres'
      ? forUser(
          'as a safety net',
          leaker.sessions,
          engine,
          (role) => `ALTER ROLE ${role} SET idle_session_timeout = '15min'`,
        )
      : 'as a safety net: set wait_timeout to 900 for that user’s connections ' +
        '(in its driver, or in the parameter group)',
  ],
  'idle-in-transaction': ({ inTransaction }, { engine }) => [
    ...lastStatement(
      inTransaction,
      'the code behind it leaves its transaction open: it waits for something else, or forgets to commit',
    ),
    idleTransactionTimeout(inTransaction, engine),
    `look for calls to other services between BEGIN and COMMIT in ${applicationOf(inTransaction)}`,
  ],
  'lock-contention': (facts, { engine }) => [
    ...adviseOnBlocker(facts),
    lockTimeout(
      facts.clients.filter(({ blockedBy }) => blockedBy.length > 0),
      engine,
    ),
    'keep transactions short, take locks in the same order everywhere, ' +
      'and index what updates search by, so that they lock no more rows than they change',
    ...(facts.deadlockAgoMs === null
      ? []
      : ['retry transactions that were ended as deadlock victims, a little later each time']),
    ...(facts.behindPrepared > 0 ? adviseOnPrepared(facts.prepared, engine) : []),
  ],
  'long-queries': ({ longQueries }, { engine, isRds }) => [
    ...lastStatement(longQueries, 'look at its plan (EXPLAIN): it may only lack an index'),
    queryTimeout(longQueries, engine),
    `let ${applicationOf(longQueries)} read from a replica` +
      `${isRds ? ' (RDS read replica or Aurora reader endpoint)' : ''}, with a connection limit of its own`,
  ],
  'half-open-connections': (_, { engine }) => [
    'look for clients that connect and never log in: load balancers and health checks that open a port, scanners, ' +
      'hosts behind a slow network',
    engine === 'postgres'
      ? 'lower authentication_timeout (a minute by default): until then, each of them holds a slot'
      : 'lower connect_timeout (ten seconds by default): until then, each of them holds a slot',
    'let the security group of the database admit only the application',
  ],
  'job-holding-on': ({ jobs, picture }, { engine }) => [
    `let ${applicationOf(jobs)} finish, or stop it manually: Headroom does not end backups, migrations or replication`,
    ...adviseOnThrough(picture),
    forUser('give it a limit of its own', jobs, engine, (account) => limitStatement(engine, account, 5)),
    'let migrations give up early and try again. Before DDL: ' +
      (engine === 'postgres' ? "SET lock_timeout = '5s'" : 'SET SESSION lock_wait_timeout = 5'),
  ],
  'connection-storm': (facts, { engine, isRds }) => {
    const comers = comersOf(facts);
    return [
      `make ${applicationOf(comers)} wait longer after each failed attempt, each client for a different time ` +
        '(exponential back-off with jitter)',
      forUser('until it does, limit it', comers, engine, (account) =>
        limitStatement(engine, account, fairLimit(comers, facts)),
      ),
      pooler(engine, isRds),
    ];
  },
  'pool-oversubscription': (facts, { engine, isRds, pools }) => [
    ...adviseOnPools(facts, pools),
    'make pools close connections that they do not use ' +
      '(HikariCP: minimumIdle under maximumPoolSize, idleTimeout of five minutes)',
    pooler(engine, isRds),
    raiseLimit(facts, engine, isRds),
  ],
  'limit-too-low': (facts, { engine, isRds }) => [
    'no client is to blame: shed load for now, or scale the application’s caches and readers',
    raiseLimit(facts, engine, isRds),
    pooler(engine, isRds),
  ],
  unclear: () => ['look at who holds the slots: `headroom plan` shows whose sessions would end or stay, and why'],
};

function pooler(engine: Advised['engine'], isRds: boolean): string {
  const own = engine === 'postgres' ? 'PgBouncer in transaction mode' : 'ProxySQL';
  const which = isRds ? `RDS Proxy, or ${own}` : own;
  // RDS Proxy pins sessions that keep a state of their own; a pooler that shares by transaction breaks them.
  return (
    `put a pooler in front: ${which}; ` +
    'it suits clients that keep nothing in their session (SET, temporary tables, session locks)'
  );
}

function raiseOwnLimit(of: 'user' | 'database', name: string, limit: number, engine: Advised['engine']): string {
  const wanted = Math.ceil(1.5 * limit);
  const alter = (quoted: string) =>
    of === 'database' ? `ALTER DATABASE ${quoted} CONNECTION LIMIT ${wanted}` : limitStatement(engine, quoted, wanted);
  return forName(`if the server has room for more than ${limit}, raise the limit of this ${of}`, name, engine, alter);
}

/** What leads the longest queue, and what to do about it; where no session shows, what would show it. */
function adviseOnBlocker({ picture, roots, behindUnknown, behindPrepared, toShowBlockers }: Facts): string[] {
  const [head] = picture.heads;
  const show =
    behindUnknown > 0 && toShowBlockers !== null ? [`so that the server shows blockers, ${toShowBlockers}`] : [];
  if (head === undefined) {
    const lines = [...picture.mayBlock.map(adviseOnPossible), ...show];
    return behindPrepared > 0 || lines.length > 0
      ? lines
      : ['look for the root blockers: `headroom plan` shows who waits for whom'];
  }
  const { session, holdsMutex } = head;
  const others = roots > 1 ? `; then at ${count(roots - 1, 'other root blocker')}` : '';
  const forPerson = holdsMutex ? '; only a person may end it, and then the next one in the queue holds the lock' : '';
  return [
    `look first at ${whoIs(session)}, which ${describeHead(head)}${forPerson}${lastOf(session)}${others}`,
    ...adviseOnThrough(picture),
    ...show,
  ];
}

/** A session that may lead a queue of which the server shows no head. */
function adviseOnPossible(session: Session): string {
  return (
    `look at ${whoIs(session)}, which waits for nothing and has been at it for ${inWords(atItFor(session))}, ` +
    `longer than the queue is old${lastOf(session)}`
  );
}

function lastOf({ statement }: Session): string {
  const text = statement?.text ?? '';
  return text === '' ? '' : `; its last statement: ${printable(text, LONGEST_TEXT)}`;
}

/** A session in the queue that holds up others which the head would let through. */
function adviseOnThrough({ heads: [head] }: Facts['picture']): string[] {
  if (head?.through == null) return [];
  const { session, waiters } = head.through;
  return [
    `or cancel ${whoIs(session)} and run it again later: ${count(waiters, 'session')} only wait because it waits`,
  ];
}

function lockTimeout(waiting: readonly Session[], engine: Advised['engine']): string {
  return engine === 'postgres'
    ? forUser('set a timeout', waiting, engine, (role) => `ALTER ROLE ${role} SET lock_timeout = '10s'`)
    : 'lower innodb_lock_wait_timeout (50 s by default) and lock_wait_timeout (a year by default), ' +
        'in the parameter group or for that client';
}

function queryTimeout(running: readonly Session[], engine: Advised['engine']): string {
  switch (engine) {
    case 'postgres':
      return forUser('set a timeout', running, engine, (role) => `ALTER ROLE ${role} SET statement_timeout = '10min'`);
    case 'mysql':
      return (
        'set a timeout (it stops SELECTs only), in the parameter group or in that client: ' +
        'SET SESSION max_execution_time = 600000'
      );
    case 'mariadb':
      return forUser('set a timeout', running, engine, (user) => `ALTER USER ${user} WITH MAX_STATEMENT_TIME 600`);
  }
}

function idleTransactionTimeout(idle: readonly Session[], engine: Advised['engine']): string {
  switch (engine) {
    case 'postgres':
      return forUser(
        'set a timeout',
        idle,
        engine,
        (role) => `ALTER ROLE ${role} SET idle_in_transaction_session_timeout = '60s'`,
      );
    case 'mysql':
      return 'MySQL has no timeout for open transactions: a lower wait_timeout for that client comes nearest';
    case 'mariadb':
      return 'set a timeout: idle_transaction_timeout of 60 (in the parameter group, or for that client)';
  }
}

/** The last statement that most of the sessions have in common, with advice; empty when no statement is known. */
function lastStatement(sessions: readonly Session[], advice: string): string[] {
  const texts = sessions.flatMap(({ statement }) => statement?.text || []);
  const [top] = mostFirst(countBy(texts, (text) => text));
  if (top === undefined) return [];
  const [text, number] = top;
  return [`${number} of them last ran: ${printable(text, LONGEST_TEXT)}; ${advice}`];
}

function applicationOf(sessions: readonly Session[]): string {
  return sessions.length === 0 ? 'the application' : named(largestConsumer(sessions).name, LONGEST_TEXT);
}

type ForAccount = (account: string) => string;

/** What to run for the user of most of these sessions. */
function forUser(why: string, sessions: readonly Session[], engine: Advised['engine'], statement: ForAccount): string {
  const user = largestConsumer(sessions).sessions[0]?.user ?? null;
  return user === null ? `${why}, once its user is known` : forName(why, user, engine, statement);
}

/** `why: STATEMENT`. A name that cannot be printed as it is makes no statement. */
function forName(why: string, name: string, engine: Advised['engine'], statement: ForAccount): string {
  if (printable(name, LONGEST_NAME) !== name) return `${why} (of ${named(name)}, which cannot be printed as it is)`;
  return `${why}: ${statement(quote(name, engine))}`;
}

/** MariaDB's user names are the longest. */
const LONGEST_NAME = 128;

/**
 * An identifier for people to copy: no name, whatever quotes or backslashes it holds, may turn into anything else. On
 * MySQL and MariaDB it is the account that is not bound to an address.
 */
function quote(name: string, engine: Advised['engine']): string {
  return engine === 'postgres' ? `"${name.replaceAll('"', '""')}"` : `\`${name.replaceAll('`', '``')}\`@\`%\``;
}
