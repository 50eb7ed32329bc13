import { CONTROL_FUNCTIONS, type ControlName } from '../house/control-names.ts';

/**
 * A bundle: the code of one Lambda function. A worker's holds the driver of its engine and no other, and the client for
 * Secrets Manager only where it logs in by secrets.
 */
export type BundleName = ControlName | WorkerBundle | `${WorkerBundle}-secrets`;
type WorkerBundle = 'worker-postgres' | 'worker-mysql';

export interface BundleEntry {
  /** The file it begins with, from the root of the project. */
  readonly file: string;
  /** Packages that stay out. Whoever imports one of them all the same fails then. */
  readonly without: readonly string[];
}

const SECRETS = '@aws-sdk/client-secrets-manager';
/** The SDK imports it for answers that are streams of events. Only the client for Lambda describes any. */
const EVENT_STREAMS = '@smithy/core/event-streams';

function workersOf(name: WorkerBundle, file: string): Partial<Record<BundleName, BundleEntry>> {
  return {
    [name]: { file, without: [SECRETS, EVENT_STREAMS] },
    [`${name}-secrets`]: { file, without: [EVENT_STREAMS] },
  };
}

export const ENTRIES = {
  ...Object.fromEntries(
    Object.keys(CONTROL_FUNCTIONS).map((name) => [name, { file: `functions/${name}/handler.ts`, without: [] }]),
  ),
  ...workersOf('worker-postgres', 'functions/worker/handlers/postgres.ts'),
  ...workersOf('worker-mysql', 'functions/worker/handlers/mysql.ts'),
} as Readonly<Record<BundleName, BundleEntry>>;
