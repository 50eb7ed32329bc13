import { LambdaClient } from '@aws-sdk/client-lambda';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDispatchClient } from '../../functions/aws/clients/dispatch-client.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import { makeAlarmEvent } from '../../functions/core/protocol/alarm-event.ts';
import type { DispatchResult, Unopened } from '../../functions/core/protocol/steps.ts';
import type { TargetSettings } from '../../functions/core/policy/target.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import type { HeadroomConfig } from '../../lib/config/schema.ts';
import { namesOf } from '../../lib/house/names.ts';
import { newsOf, type Line } from '../terminal/narrator.ts';
import { onInterrupt } from '../terminal/on-interrupt.ts';
import { explainAws } from '../installation/aws-errors.ts';
import { installedClientConfig } from '../installation/client-config.ts';
import { heldByCall } from './alarm-run.ts';
import { readResult, type RespondResult } from './respond-result.ts';

/** How often the record is read. */
const LOOK_MS = 2_000;

interface FollowOptions {
  /** An alarm event; null for one that is made now. */
  readonly event: unknown;
  readonly store: IncidentStore;
  /** Also after the page, until the incident is closed. */
  readonly stays: boolean;
  readonly onLine: (line: Line) => void;
  /** Every look in full, in place of what has changed. */
  readonly verbose: boolean;
}

/**
 * Hands an alarm event to the dispatch function of an installation, for a target, and follows the incident
 * by its record. Ctrl-C ends the following alone: the incident goes on. Returns why when the event opened none.
 */
export async function respondOnAws(
  { config, settings }: { readonly config: HeadroomConfig; readonly settings: TargetSettings },
  { event, store, stays, onLine, verbose }: FollowOptions,
): Promise<RespondResult | Unopened> {
  const made = () => makeAlarmEvent({ settings, at: Date.now(), reason: 'headroom respond was started manually' });
  const answer = await dispatchTo(config, settings.id, event ?? made());
  if ('reason' in answer) return answer;
  const { incidentId, result } = answer;
  const held = await heldByCall(store, incidentId);
  if (held !== null) return held;
  onLine({ at: Date.now(), kind: 'detail', text: `incident ${incidentId} (${result})` });
  await follow(incidentId, { store, stays, onLine, verbose });
  const { outcome, ...followed } = await readResult(store, incidentId, []);
  // A page ends the following, and what it means does not wait for the incident to be closed.
  return { ...followed, outcome: outcome ?? (followed.escalation === null ? null : 'escalated') };
}

async function dispatchTo({ installation }: HeadroomConfig, targetId: string, event: unknown): Promise<DispatchResult> {
  const { prefix, region = '', account } = installation;
  const client = new LambdaClient(installedClientConfig(installation));
  try {
    const dispatcher = createDispatchClient({ client, dispatch: namesOf(prefix).control('dispatch') });
    return await dispatcher.dispatch(targetId, event);
  } catch (error) {
    throw explainAws(error, { region, account });
  } finally {
    client.destroy();
  }
}

/** Reports each round once, until the incident is over for its reader. */
async function follow(
  incidentId: string,
  { store, stays, onLine, verbose }: Omit<FollowOptions, 'event'>,
): Promise<void> {
  const interrupted = new AbortController();
  const stopListening = onInterrupt(() => interrupted.abort());
  let shown = 0;
  try {
    for (;;) {
      const incident = await store.incidents.byId(incidentId);
      const rounds = await store.rounds.of(incidentId);
      for (const round of rounds.slice(shown)) {
        for (const words of newsOf(round, rounds[shown - 1], verbose)) onLine({ at: round.at, ...words });
        shown++;
      }
      if (incident === null || isOver(incident, stays)) return;
      await sleep(LOOK_MS, undefined, { signal: interrupted.signal });
    }
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    onLine({ at: Date.now(), kind: 'bad', text: 'no longer followed: the incident goes on without this command' });
  } finally {
    stopListening();
  }
}

function isOver({ status, escalation }: Incident, stays: boolean): boolean {
  return status === 'closed' || (escalation !== null && !stays);
}
