import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { IncidentEvent } from '../../core/events/incident-event.ts';
import type { EventBus } from '../../core/ports/outside.ts';
import { MOST_AT_ONCE, type BusPlace } from './bus-place.ts';

export interface EventBusOptions extends BusPlace {
  readonly client: EventBridgeClient;
}

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

/** Throws nothing yet: it connects with the first event. */
export function openEventBus(place: BusPlace): EventBus {
  // A bus in trouble must not hold up relief: two tries of 3 s at the most, then the reconciler tries again later.
  const requestHandler = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true };
  // A bus is reached in its own region, which need not be this one.
  const client = new EventBridgeClient({ region: place.busArn.split(':')[3] ?? '', requestHandler, maxAttempts: 2 });
  return createEventBus({ client, ...place });
}
