import type { Snapshot } from './snapshot.ts';

/** What keeps Headroom from ending anything on a server, whatever the plan says. */
export interface ReasonNotToAct {
  readonly kind: 'may-not' | 'untested' | 'others-acting';
  readonly why: string;
}

/** The first reason that a snapshot shows, or null. Diagnose and every act ask the same. */
export function reasonNotToAct({ visibility, server, othersActing }: Snapshot): ReasonNotToAct | null {
  if (!visibility.seesSessions || !visibility.maySignal) {
    const lack = visibility.seesSessions ? 'end' : 'see';
    return { kind: 'may-not', why: `the responder may not ${lack} other users’ sessions, so nothing was ended` };
  }
  if (!server.tested) {
    const why = `${server.engine} ${server.major} is newer than what Headroom was tested on, so it only observes`;
    return { kind: 'untested', why };
  }
  // What the other one is ending still shows here, and would be made up for twice.
  if (othersActing)
    return { kind: 'others-acting', why: 'another executor is ending sessions on this server right now' };
  return null;
}
