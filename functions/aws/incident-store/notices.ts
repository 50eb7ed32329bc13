import type { Notices } from '../../core/ports/stores/notices.ts';
import { BadRequest } from '../../core/protocol/errors.ts';
import type { NoticeAttempt } from '../../core/record/notice.ts';
import { readRecord } from './table/record.ts';
import { incidentOf, MAX_NOTICE_ATTEMPTS, metaKey, storedAttempt, storedField } from './table/items.ts';
import { readItem, updateIf, type ConditionalUpdate, type TableAccess } from './table/table.ts';

const exists = 'attribute_exists(pk)';
/** The first records lack the field. */
const isUnacknowledged = '(attribute_not_exists(acknowledgement) OR acknowledgement = :none)';

/** They are kept with the incident, which may be closed: the last notice goes out after closing. */
export function createNotices(table: TableAccess): Notices {
  return {
    ...reportSecrets(table),
    async recordAttempt(incidentId, attempt) {
      const stored = storedAttempt(attempt);
      // A full list keeps the latest attempt in its last place.
      const appended = {
        update: 'notices = list_append(notices, :new)',
        condition: `${exists} AND size(notices) < :room`,
        values: { new: [stored], room: MAX_NOTICE_ATTEMPTS },
      };
      const replacingLast = {
        update: `notices[${MAX_NOTICE_ATTEMPTS - 1}] = :new`,
        condition: exists,
        values: { new: stored },
      };
      const recorded =
        (await updateIf(table, recording(incidentId, attempt, appended))) ??
        (await updateIf(table, recording(incidentId, attempt, replacingLast)));
      if (recorded === null) throw new BadRequest(`there is no incident ${incidentId}`);
    },

    /** The count says which page comes next, so that of two callers who saw the same one alone gets it. */
    async claimRepeat({ id, repeats }, repeat, at) {
      const isNext = repeats === 0 ? '(attribute_not_exists(repeats) OR repeats = :before)' : 'repeats = :before';
      const claimed = await updateIf(table, {
        key: metaKey(id),
        update: 'SET repeats = :after, repeatedAt = :at, notified.#repeat = :pending',
        condition: [exists, isUnacknowledged, isNext].join(' AND '),
        names: { repeat },
        values: { before: repeats, after: repeats + 1, at, pending: 'pending', none: null },
      });
      return claimed && incidentOf(claimed);
    },

    async acknowledge(incidentId, acknowledgement) {
      const written = await updateIf(table, {
        key: metaKey(incidentId),
        update: 'SET acknowledgement = :acknowledgement',
        condition: `${exists} AND ${isUnacknowledged}`,
        values: { acknowledgement: storedField(acknowledgement), none: null },
      });
      return written ? incidentOf(written) : readRecord(table, incidentId);
    },

    async recordAnnounced(incidentId, changes, trouble) {
      await updateIf(table, {
        key: metaKey(incidentId),
        update: `SET eventTrouble = :trouble${changes.length > 0 ? ' ADD announced :changes' : ''}`,
        condition: exists,
        values: { trouble: storedField(trouble), ...(changes.length > 0 && { changes: new Set(changes) }) },
      });
    },
  };
}

/** They are beside the incident and never leave with it. */
function reportSecrets(table: TableAccess): Pick<Notices, 'reportSecret' | 'replaceReportSecret'> {
  return {
    async reportSecret(incidentId, fresh) {
      const key = metaKey(incidentId);
      const item =
        fresh === null
          ? await readItem(table, key)
          : await updateIf(table, {
              key,
              update: 'SET reportSecret = if_not_exists(reportSecret, :fresh)',
              condition: exists,
              values: { fresh },
            });
      const secret: unknown = item?.['reportSecret'];
      return typeof secret === 'string' ? secret : null;
    },

    async replaceReportSecret(incidentId, fresh) {
      const update = 'SET reportSecret = :fresh';
      await updateIf(table, { key: metaKey(incidentId), update, condition: exists, values: { fresh } });
    },
  };
}

/** `list`: how the attempt gets into the list of attempts. A delivery also ends the notice's being pending. */
function recording(
  incidentId: string,
  attempt: NoticeAttempt,
  list: Required<Pick<ConditionalUpdate, 'update' | 'condition' | 'values'>>,
): ConditionalUpdate {
  const { notice, delivered } = attempt;
  return {
    key: metaKey(incidentId),
    update: `SET ${[list.update, ...(delivered ? ['notified.#notice = :delivered'] : [])].join(', ')}`,
    condition: list.condition,
    names: delivered ? { notice } : {},
    values: { ...list.values, ...(delivered && { delivered: 'delivered' }) },
  };
}
