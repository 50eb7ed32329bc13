import type { LoadMessage, LoadSpec } from './load-spec.ts';

/** A session as the client that opened it knows it: what it was for, and how it ended. */
export interface LabelledSession {
  readonly id: number;
  /** With the id, its identity as Headroom's records have it. */
  readonly incarnation: string;
  readonly purpose: string;
  /** `lost`: the server ended it. */
  readonly end: 'open' | 'closed' | 'lost';
}

export interface LoadTally {
  readonly spec: LoadSpec;
  readonly sessions: readonly LabelledSession[];
  /** Sessions of ours with a statement that was cancelled. */
  readonly cancelled: readonly number[];
  /** Errors its clients saw, by SQLSTATE (PostgreSQL) or error number. */
  readonly errors: Readonly<Record<string, number>>;
  readonly refused: number;
  readonly worked: number;
}

/** Counts what a load says while it runs. */
export class RunningTally {
  readonly #spec: LoadSpec;
  readonly #sessions = new Map<number, LabelledSession>();
  readonly #cancelled = new Set<number>();
  readonly #errors = new Map<string, number>();
  #refused = 0;
  #worked = 0;

  constructor(spec: LoadSpec) {
    this.#spec = spec;
  }

  note(message: LoadMessage): void {
    switch (message.type) {
      case 'opened': {
        const { id, incarnation, purpose } = message;
        this.#sessions.set(id, { id, incarnation, purpose, end: 'open' });
        break;
      }
      case 'closed':
        this.#end(message.id, 'closed');
        break;
      case 'lost':
        this.#end(message.id, 'lost');
        this.#countError(message.code);
        break;
      case 'failed':
        this.#countError(message.code);
        if (message.cancelled) this.#cancelled.add(message.id);
        break;
      case 'refused':
        this.#refused++;
        break;
      case 'worked':
        this.#worked++;
        break;
      case 'ready':
      case 'broken':
        break;
      default:
        message satisfies never;
    }
  }

  read(): LoadTally {
    return {
      spec: this.#spec,
      sessions: [...this.#sessions.values()],
      cancelled: [...this.#cancelled],
      errors: Object.fromEntries(this.#errors),
      refused: this.#refused,
      worked: this.#worked,
    };
  }

  #end(id: number, end: 'closed' | 'lost'): void {
    const session = this.#sessions.get(id);
    if (session !== undefined) this.#sessions.set(id, { ...session, end });
  }

  #countError(code: string): void {
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }
}
