import type { EngineName, Limits, Server } from '../server/snapshot.ts';
import type { WorkerSettings } from './worker-settings.ts';

/** What a login of Headroom's needs to be allowed. `see-locks` and `see-transactions`: where they need a grant of their own. */
export type Right =
  'see-sessions' | 'see-transactions' | 'see-locks' | 'end-sessions' | 'cancel-queries' | 'server-lock';

/** The rights that each engine tries, in this order. */
export const RIGHTS_OF: Readonly<Record<EngineName, readonly Right[]>> = {
  postgres: ['see-sessions', 'end-sessions', 'server-lock'],
  mysql: ['see-sessions', 'see-transactions', 'see-locks', 'end-sessions', 'cancel-queries', 'server-lock'],
  mariadb: ['see-sessions', 'see-transactions', 'see-locks', 'end-sessions', 'cancel-queries', 'server-lock'],
};

/**
 * A right of the responder, tried by using it where that harms nobody: on the canary's own session.
 * `granted`: not tried for want of such a session; the server's catalogue says it would work. `busy`: somebody else has it.
 */
export interface Trial {
  readonly right: Right;
  readonly result: 'worked' | 'granted' | 'denied' | 'busy';
  /** What was done, or the server's own words for why not. */
  readonly detail: string;
  /** Statements for an administrator to run; empty when nothing is missing. */
  readonly fix: readonly string[];
}

/** Sessions of other users, as the responder sees them. */
export interface Sight {
  readonly others: number;
  /** Of these, sessions whose state is hidden from it. */
  readonly hidden: number;
  /** Of these, sessions whose state the server does not keep. */
  readonly untracked: number;
}

/** Whether the server keeps track of what sessions do: track_activities, performance_schema. */
export interface Tracking {
  readonly setting: string;
  readonly isOn: boolean;
  /** Nothing can be done without it; else only some things. */
  readonly isNeeded: boolean;
  /** What its absence means, in words. */
  readonly without: string;
  readonly fix: readonly string[];
}

/** The responder's way into a server that is full for ordinary clients. */
export interface ReserveFacts {
  /** This server can set slots aside for a login that is no administrator. */
  readonly isOffered: boolean;
  /** Slots that ordinary clients never get and the responder may use. */
  readonly slots: number;
  /** In words: which reserve, by which role or privilege. */
  readonly detail: string;
  /** What would give it one; empty when it has one, or when this server has none to give. */
  readonly fix: readonly string[];
}

/** Sessions of one application on a login that may use reserved slots. */
export interface ReserveHolder {
  readonly user: string;
  /** Empty when the client gave none, null when the server does not tell. */
  readonly application: string | null;
  readonly sessions: number;
}

/** Something the canary may do beyond connecting. */
export interface Power {
  readonly name: string;
  /** What takes it away. */
  readonly fix: string;
}

/** A setting as an ordinary client gets it. */
export interface Setting {
  readonly name: string;
  /** As the server writes it, with its unit; null when it could not be read. */
  readonly value: string | null;
  /** What is unwise about the value; null when there is nothing to say. */
  readonly remark: string | null;
  /** What changes it; empty without a remark. */
  readonly fix: readonly string[];
}

/** A limit that could keep one of Headroom's logins out of a server that has slots. */
export interface LoginLimit {
  /** `role "headroom_responder"`. */
  readonly of: string;
  /** What is wrong, in words. */
  readonly detail: string;
  readonly fix: string;
}

/** What a session of the responder finds out about its server and its own rights. Changes nothing and ends nobody. */
export interface CheckFacts {
  readonly server: Server;
  readonly limits: Limits;
  /** The login and the database of this session. */
  readonly login: { readonly user: string; readonly database: string | null };
  /** The protocol version of this connection; null when it is not encrypted. */
  readonly tlsVersion: string | null;
  /** The server's clock less the worker's; the truth lies within `withinMs` of it. */
  readonly clock: { readonly skewMs: number; readonly withinMs: number };
  readonly trials: readonly Trial[];
  readonly sight: Sight;
  readonly tracking: Tracking;
  readonly reserve: ReserveFacts;
  /** Most sessions first; sessions of Headroom and of RDS left out. Null where administrators cannot be told. */
  readonly holders: readonly ReserveHolder[] | null;
  /** Null when no session of the canary could be had. */
  readonly powers: readonly Power[] | null;
  readonly loginLimits: readonly LoginLimit[];
  /** Sessions of applications in the database that Headroom logs in to. */
  readonly neighbours: number;
  readonly settings: readonly Setting[];
}

/** Where the worker's logins come from, in words that hold no secret: the name of a variable, an ARN, a user. */
export interface LoginSources {
  readonly responder: string;
  readonly canary: string | null;
  readonly tlsMode: WorkerSettings['tls']['mode'];
}
