import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { EventOrigin, IncidentEvent } from '../../core/events/incident-event.ts';
import type { EventBus } from '../../core/ports/outside.ts';
import { readEnvironment } from '../process/environment.ts';
import { once } from '../process/once.ts';

export interface EventBusOptions {
  readonly client: EventBridgeClient;
  readonly busArn: string;
  readonly origin: EventOrigin;
}

/** EventBridge takes ten entries in a request. Ten of ours are far below its 256 KB. */
const MOST_AT_ONCE = 10;

/** Puts events on a bus of EventBridge, of this account or another. Errors of EventBridge come through unchanged. */
export function createEventBus({ client, busArn, origin }: EventBusOptions): EventBus {
  return {
    origin,
    mostAtOnce: MOST_AT_ONCE,
    async put(events) {
      const entries = events.map((event) => entryOf(event, busArn));
      const { Entries: results = [] } = await client.send(new PutEventsCommand({ Entries: entries }));
      return new Map(
        events.flatMap(({ changeId }, index) => {
          const { EventId: id, ErrorCode: code = 'no event id', ErrorMessage: message = '' } = results[index] ?? {};
          return id === undefined ? [[changeId, `${code}: ${message}`]] : [];
        }),
      );
    },
  };
}

function entryOf({ at, source, detailType, resources, detail }: IncidentEvent, busArn: string): PutEventsRequestEntry {
  return {
    EventBusName: busArn,
    Time: new Date(at),
    Source: source,
    DetailType: detailType,
    Resources: [...resources],
    Detail: detail,
  };
}

/** The bus of this function's environment (`HEADROOM_EVENT_BUS_ARN`), one per process; null where it has none. */
export const eventBusFromEnvironment = once((): EventBus | null => {
  if ((process.env['HEADROOM_EVENT_BUS_ARN'] ?? '') === '') return null;
  const {
    HEADROOM_EVENT_BUS_ARN: busArn,
    HEADROOM_PREFIX: installation,
    HEADROOM_STATE_MACHINE_ARN: stateMachineArn,
  } = readEnvironment(['HEADROOM_EVENT_BUS_ARN', 'HEADROOM_PREFIX', 'HEADROOM_STATE_MACHINE_ARN']);
  // A bus in trouble must not hold up relief: two tries of 3 s at the most, then the reconciler tries again later.
  const requestHandler = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true };
  // A bus is reached in its own region, which need not be this one.
  const client = new EventBridgeClient({ region: busArn.split(':')[3] ?? '', requestHandler, maxAttempts: 2 });
  return createEventBus({ client, busArn, origin: { installation, stateMachineArn } });
});
