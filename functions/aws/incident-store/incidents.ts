import type { Incidents } from '../../core/ports/stores/incidents.ts';
import { FenceLost } from '../../core/protocol/errors.ts';
import type { Incident } from '../../core/record/incident.ts';
import { holdFence, openIncident, readHolder, releaseLock, takeOverIncident } from './table/lock.ts';
import { closeRecord, readRecord, writeWhileOpen } from './table/record.ts';
import { incidentOf } from './table/items.ts';
import { readable } from './table/readable.ts';
import { markOwing } from './table/roster-key.ts';
import { queryAll, type TableAccess } from './table/table.ts';

export function createIncidents(table: TableAccess): Incidents {
  return {
    async open(candidate) {
      await markOwing(table, candidate.target.id, candidate.at);
      return openIncident(table, candidate);
    },
    takeOver: (candidate, expired) => takeOverIncident(table, candidate, expired),
    holdFence: (incident, leaseUntil) => holdFence(table, incident, leaseUntil),
    async change(id, change, notice) {
      const changed = await writeWhileOpen(table, id, change, notice ?? null);
      if (changed === null) throw new FenceLost(id);
      return changed;
    },
    async close(id, end) {
      const closed = await closeRecord(table, id, end);
      await releaseLock(table, closed.target.id, id);
      return closed;
    },
    byId: (id) => readRecord(table, id),
    openOf: async (targetId) => (await readHolder(table, targetId))?.incident ?? null,
    listByTarget: (targetId, limit) =>
      list(table, { index: 'byTarget', attribute: 'targetId', value: targetId }, limit),
    listByStatus: (status, limit) => list(table, { index: 'byStatus', attribute: 'status', value: status }, limit),
  };
}

interface IndexedValue {
  readonly index: 'byTarget' | 'byStatus';
  readonly attribute: string;
  readonly value: string;
}

async function list(table: TableAccess, { index, attribute, value }: IndexedValue, limit: number): Promise<Incident[]> {
  const query = {
    IndexName: index,
    KeyConditionExpression: '#attribute = :value',
    ExpressionAttributeNames: { '#attribute': attribute },
    ExpressionAttributeValues: { ':value': value },
    ScanIndexForward: false,
  };
  return readable(await queryAll(table, query, limit), incidentOf);
}
