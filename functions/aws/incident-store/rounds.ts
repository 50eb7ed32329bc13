import type { Rounds } from '../../core/ports/stores/rounds.ts';
import type { Round } from '../../core/record/round.ts';
import { fit } from '../process/fit.ts';
import { expiresAt, incidentPk, KEEP_RECORDS_DAYS, ordinal, summaryOf } from './table/items.ts';
import { putItem, queryPrefix, type Item, type TableAccess } from './table/table.ts';

const ROUND = 'ROUND#';
const ROUND_BYTES = 300_000;

export function createRounds(table: TableAccess): Rounds {
  return {
    put: (round) =>
      putItem(table, {
        pk: incidentPk(round.incidentId),
        sk: `${ROUND}${ordinal(round.round, 4)}`,
        round: fit(round, ROUND_BYTES),
        expiresAt: expiresAt(round.at, KEEP_RECORDS_DAYS),
      }),
    of: async (incidentId) => (await queryPrefix(table, incidentPk(incidentId), ROUND)).map(roundOf),
  };
}

function roundOf(item: Item): Round {
  const { round } = item as { readonly round: Round };
  return round.question ? { ...round, question: summaryOf(round.question) } : round;
}
