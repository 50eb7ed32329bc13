import type { TargetSettings } from '../policy/target.ts';
import type {
  CheckAnswer,
  CheckRequest,
  EndAnswer,
  EndRequest,
  LiftRequest,
  LimitAnswer,
  LimitRequest,
  SampleAnswer,
  SampleRequest,
  SnapshotAnswer,
  SnapshotRequest,
} from '../protocol/worker.ts';

/** Whom a request is for: the name of a worker function, and the member where it has a cluster. */
export type WorkerServer = Pick<TargetSettings, 'worker' | 'member'>;

type OfKind<Request extends { readonly kind: string }> = Omit<Request, 'schema' | 'kind' | 'member'>;

/** The worker of one target. Retries what is safe to retry (not ready, throttled, busy) until `deadline`. */
export interface WorkerClient {
  sample(server: WorkerServer, request: OfKind<SampleRequest>): Promise<SampleAnswer>;
  snapshot(server: WorkerServer, request: OfKind<SnapshotRequest>): Promise<SnapshotAnswer>;
  check(server: WorkerServer, request: OfKind<CheckRequest>): Promise<CheckAnswer>;
  /** Never retried once the worker may have begun. */
  end(server: WorkerServer, request: OfKind<EndRequest>): Promise<EndAnswer>;
  /** Never retried once the worker may have begun. */
  limit(server: WorkerServer, request: OfKind<LimitRequest>): Promise<LimitAnswer>;
  lift(server: WorkerServer, request: OfKind<LiftRequest>): Promise<LimitAnswer>;
}
