import { composeEvent } from '../../core/events/incident-event.ts';
import type { IncidentStore } from '../../core/ports/incident-store.ts';
import type { EventBus } from '../../core/ports/outside.ts';
import { changesOf, mayAnnounce, unannounced } from '../../core/events/changes.ts';
import type { Incident } from '../../core/record/incident.ts';
import { errorWords } from '../../core/words/error-words.ts';

export interface AnnounceDependencies {
  readonly store: Pick<IncidentStore, 'notices' | 'acts' | 'approvals'>;
  /** Null where an installation puts its events on no bus. */
  readonly events: EventBus | null;
  readonly now: () => number;
}

const ERROR_LENGTH = 300;

/**
 * Puts the changes of an incident on the event bus that are not there yet, and records what came of it. Two calls at
 * once, or one that dies in between, may put a change there twice, with the same id. One call puts one batch; the next
 * minute's puts what is left. Returns what went wrong, in words, otherwise nothing. Never throws: an event is not worth
 * failing for.
 */
export async function announce(incident: Incident, deps: AnnounceDependencies): Promise<string> {
  try {
    return deps.events === null ? '' : await putChanges(incident, deps, deps.events);
  } catch (thrown) {
    return errorWords(thrown);
  }
}

async function putChanges(incident: Incident, deps: AnnounceDependencies, bus: EventBus): Promise<string> {
  const { store, now } = deps;
  if (!mayAnnounce(incident, now())) return '';
  const { id } = incident;
  const [acts, approvals] = await Promise.all([store.acts.of(id), store.approvals.of(id)]);
  const due = unannounced(changesOf(incident, { acts, approvals }), incident, now()).slice(0, bus.mostAtOnce);
  if (due.length === 0) return '';
  const events = due.map((change) => composeEvent(incident, change, { acts, origin: bus.origin, now: now() }));
  const { refused, error } = await bus.put(events).then(
    (refused) => ({ refused, error: [...new Set(refused.values())].join('; ') }),
    (thrown: unknown) => ({
      refused: null,
      error: thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : '?',
    }),
  );
  const taken = due.filter((change) => refused !== null && !refused.has(change.id)).map((change) => change.id);
  const at = now();
  const since = incident.eventTrouble?.since ?? at;
  const trouble = error === '' ? null : { since, at, error: error.slice(0, ERROR_LENGTH) };
  await store.notices.recordAnnounced(id, taken, trouble);
  return trouble?.error ?? '';
}
