import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { IncidentStore } from '../../core/ports/incident-store.ts';
import { readEnvironment } from '../process/environment.ts';
import { once } from '../process/once.ts';
import { createActs } from './acts.ts';
import { createApprovals } from './approvals.ts';
import { createGathered } from './gathered.ts';
import { createIncidents } from './incidents.ts';
import { createLimits } from './limits.ts';
import { createNotices } from './notices.ts';
import { createPauses } from './pauses.ts';
import { createProfiles } from './profiles.ts';
import { createRounds } from './rounds.ts';
import { createSamples } from './samples.ts';
import { createTargets } from './targets.ts';
import type { TableAccess } from './table/table.ts';
import { createWarnings } from './warnings.ts';

export interface IncidentStoreOptions extends TableAccess {
  /** Epoch milliseconds; for pauses that run out. */
  readonly now?: () => number;
}

/** The incident store on DynamoDB, by single conditional writes. Errors of DynamoDB itself come through unchanged. */
export function createIncidentStore({ now = Date.now, ...table }: IncidentStoreOptions): IncidentStore {
  return {
    targets: createTargets(table),
    incidents: createIncidents(table),
    notices: createNotices(table),
    rounds: createRounds(table),
    acts: createActs(table),
    approvals: createApprovals(table),
    limits: createLimits(table),
    pauses: createPauses(table, now),
    samples: createSamples(table),
    profiles: createProfiles(table),
    warnings: createWarnings(table),
    gathered: createGathered(table),
  };
}

/** The store of this function's environment (`HEADROOM_TABLE`), one per process. */
export const incidentStoreFromEnvironment = once((): IncidentStore => {
  const { HEADROOM_TABLE: table } = readEnvironment(['HEADROOM_TABLE']);
  // The SDK waits for ever by default; a call that DynamoDB has not answered in 3 s is better made again.
  const requestHandler = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true };
  return createIncidentStore({ client: DynamoDBDocumentClient.from(new DynamoDBClient({ requestHandler })), table });
});
