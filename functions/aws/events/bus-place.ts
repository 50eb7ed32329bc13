import type { EventOrigin } from '../../core/events/incident-event.ts';
import { readEnvironment } from '../process/environment.ts';

/** EventBridge takes ten entries in a request. Ten of ours are far below its 256 KB. */
export const MOST_AT_ONCE = 10;

export interface BusPlace {
  readonly busArn: string;
  readonly origin: EventOrigin;
}

/** The bus of this function's environment (`HEADROOM_EVENT_BUS_ARN`); null where it has none. */
export function busPlaceFromEnvironment(): BusPlace | null {
  if ((process.env['HEADROOM_EVENT_BUS_ARN'] ?? '') === '') return null;
  const {
    HEADROOM_EVENT_BUS_ARN: busArn,
    HEADROOM_PREFIX: installation,
    HEADROOM_STATE_MACHINE_ARN: stateMachineArn,
  } = readEnvironment(['HEADROOM_EVENT_BUS_ARN', 'HEADROOM_PREFIX', 'HEADROOM_STATE_MACHINE_ARN']);
  return { busArn, origin: { installation, stateMachineArn } };
}
