import { reportKey } from '../record/link-key.ts';
import type { IncidentRecord } from '../report/record.ts';
import type { Incident } from '../record/incident.ts';
import type { IncidentStore } from './incident-store.ts';

/** All that is on record of an incident. */
export async function readRecord(
  store: Pick<IncidentStore, 'rounds' | 'acts' | 'approvals' | 'limits'>,
  incident: Incident,
): Promise<IncidentRecord> {
  const { id } = incident;
  const [rounds, acts, approvals, settledLimits] = await Promise.all([
    store.rounds.of(id),
    store.acts.of(id),
    store.approvals.of(id),
    store.limits.settledOf(id),
  ]);
  return { incident, rounds, acts, approvals, settledLimits };
}

/** How links to reports are made. */
export interface ReportLinks {
  /** The page of the installation, without a query. */
  readonly pageUrl: string;
  /** For how many days a link works. */
  readonly days: number;
  /** Unguessable. */
  readonly newSecret: () => string;
}

/** A link to the report of an incident, good from now on for some days. Null when it could not be made in this moment. */
export async function linkToReport(
  incidentId: string,
  now: number,
  { pageUrl, days, newSecret }: ReportLinks,
  { notices }: Pick<IncidentStore, 'notices'>,
): Promise<string | null> {
  // A message without a link says enough; one that does not go out says nothing.
  const secret = await notices.reportSecret(incidentId, newSecret()).catch(() => null);
  if (secret === null) return null;
  const expiresAt = Math.floor(now / 1000) + days * 24 * 3600;
  return `${pageUrl}?report=${reportKey({ incidentId, expiresAt }, secret)}`;
}
