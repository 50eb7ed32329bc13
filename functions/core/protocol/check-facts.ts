import type { EngineName, Limits, Sample, Server } from '../server/snapshot.ts';
import type { WorkerSettings } from './worker-settings.ts';

/** A right that Headroom's logins need. `see-locks`, `see-transactions`: only where they take a grant of their own. */
export type Right =
  'see-sessions' | 'see-transactions' | 'see-locks' | 'end-sessions' | 'cancel-queries' | 'server-lock';

/** The rights that each engine tries, in this order. */
export const RIGHTS_OF: Readonly<Record<EngineName, readonly Right[]>> = {
  postgres: ['see-sessions', 'end-sessions', 'server-lock'],
  mysql: ['see-sessions', 'see-transactions', 'see-locks', 'end-sessions', 'cancel-queries', 'server-lock'],
  mariadb: ['see-sessions', 'see-transactions', 'see-locks', 'end-sessions', 'cancel-queries', 'server-lock'],
};

/**
 * A right of the responder, tried out where that is harmless: on the canary's own session. `granted`: there was no such
 * session to try it on, but the server's catalogue says it would work. `busy`: someone else holds the lock.
 */
export interface Trial {
  readonly right: Right;
  readonly result: 'worked' | 'granted' | 'denied' | 'busy';
  /** What was done, or the server's own words for why it failed. */
  readonly detail: string;
  /** Statements for an administrator to run; empty when nothing is missing. */
  readonly fix: readonly string[];
}

/** Sessions of other users, as the responder sees them. */
export interface Sight {
  readonly others: number;
  /** How many of these hide their state from it. */
  readonly hidden: number;
  /** For how many of these the server does not track the state. */
  readonly untracked: number;
}

/** Whether the server tracks what sessions do: track_activities, performance_schema. */
export interface Tracking {
  readonly setting: string;
  readonly isOn: boolean;
  /** True: Headroom can do nothing without it. False: it can do less. */
  readonly isNeeded: boolean;
  /** What happens without it, in words. */
  readonly without: string;
  readonly fix: readonly string[];
}

/** The responder's way into a server that is full for ordinary clients. */
export interface ReserveFacts {
  /** This server can reserve slots for a login that is not an administrator. */
  readonly isOffered: boolean;
  /** Slots that ordinary clients never get and the responder may use. */
  readonly slots: number;
  /** In words: which reserve, and by which role or privilege. */
  readonly detail: string;
  /** What would give it a reserved slot; empty when it has one, or when this server offers none. */
  readonly fix: readonly string[];
}

/** Sessions of one application whose login may use reserved slots. */
export interface ReserveHolder {
  readonly user: string;
  /** Empty when the client sent none, null when the server does not show it. */
  readonly application: string | null;
  readonly sessions: number;
}

/** What a server leaves unknown of its sessions, and statements or settings that would show it. */
interface Gap {
  readonly without: string;
  readonly fix: readonly string[];
}

/** What a policy can protect by on this server. */
export interface Shown {
  /** Null where every application shows. */
  readonly applications: Gap | null;
  /** Null where it shows who is an administrator. */
  readonly administrators: Gap | null;
  /** Null where it shows whose a session is, whatever routine it runs. */
  readonly owners: Gap | null;
  /** Sessions of clients that show by their address, and by a host name. */
  readonly addresses: number;
  readonly hostNames: number;
}

/** A setting as an ordinary client gets it. */
export interface Setting {
  readonly name: string;
  /** As the server writes it, with its unit; null when it could not be read. */
  readonly value: string | null;
  /** What is wrong with the value; null when nothing is. */
  readonly remark: string | null;
  /** What would change it; empty without a remark. */
  readonly fix: readonly string[];
}

/** A limit that could keep one of Headroom's logins out while the server has free slots. */
export interface LoginLimit {
  /** `role "headroom_responder"`. */
  readonly of: string;
  /** What is wrong, in words. */
  readonly detail: string;
  readonly fix: string;
}

/** What a session of the responder finds out about the server and its own rights. It changes nothing. */
export interface CheckFacts {
  readonly server: Server;
  readonly limits: Limits;
  /** The login and the database of this session. */
  readonly login: {
    readonly user: string;
    readonly database: string | null;
    /** The canary logs in as this user too. */
    readonly isCanarysToo: boolean;
    /** It may create users, or everything: a superuser, or RDS's master user. */
    readonly isAdministrator: boolean;
    /** It has rights on tables that are not the server's own, as only applications need. */
    readonly isApplications: boolean;
  };
  /** The protocol version of this connection; null when it is not encrypted. */
  readonly tlsVersion: string | null;
  /** The server's clock less the worker's, exact to `withinMs`. */
  readonly clock: { readonly skewMs: number; readonly withinMs: number };
  readonly trials: readonly Trial[];
  readonly sight: Sight;
  readonly tracking: Tracking;
  readonly reserve: ReserveFacts;
  /** Most sessions first, without those of Headroom and RDS. Null where the server hides who is an administrator. */
  readonly holders: readonly ReserveHolder[] | null;
  /** What the canary may do beyond connecting, in words; null when it could not log in. */
  readonly powers: readonly string[] | null;
  readonly shown: Shown;
  /** See Sample.strangers. */
  readonly strangers: Sample['strangers'];
  readonly loginLimits: readonly LoginLimit[];
  /** Sessions of applications in the database that Headroom logs in to. */
  readonly neighbours: number;
  readonly settings: readonly Setting[];
}

/** Where the worker's logins are configured, without secrets: the name of a variable, an ARN, a user. */
export interface LoginSources {
  readonly responder: string;
  readonly canary: string | null;
  readonly tlsMode: WorkerSettings['tls']['mode'];
}
