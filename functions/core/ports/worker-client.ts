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

/** The worker of one target. Retries what is safe to retry (not ready, throttled, busy) until `deadline`. */
export interface WorkerClient {
  sample(worker: string, request: Omit<SampleRequest, 'schema' | 'kind'>): Promise<SampleAnswer>;
  snapshot(worker: string, request: Omit<SnapshotRequest, 'schema' | 'kind'>): Promise<SnapshotAnswer>;
  check(worker: string, request: Omit<CheckRequest, 'schema' | 'kind'>): Promise<CheckAnswer>;
  /** Never retried once the worker may have begun. */
  end(worker: string, request: Omit<EndRequest, 'schema' | 'kind'>): Promise<EndAnswer>;
  /** Never retried once the worker may have begun. */
  limit(worker: string, request: Omit<LimitRequest, 'schema' | 'kind'>): Promise<LimitAnswer>;
  lift(worker: string, request: Omit<LiftRequest, 'schema' | 'kind'>): Promise<LimitAnswer>;
}
