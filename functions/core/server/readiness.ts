import type { Snapshot } from './snapshot.ts';

/** Why Headroom must not end anything on a server, whatever the plan says. */
export interface ReasonNotToAct {
  readonly kind: 'may-not' | 'untested' | 'others-acting';
  readonly why: string;
}

/** The first reason that a snapshot shows, or null. Diagnose and every act check it. */
export function reasonNotToAct({ visibility, server, othersActing }: Snapshot): ReasonNotToAct | null {
  if (!visibility.seesSessions || !visibility.maySignal) {
    const lack = visibility.seesSessions ? 'end' : 'see';
    return { kind: 'may-not', why: `the responder may not ${lack} other users’ sessions, so nothing was ended` };
  }
  if (!server.tested) {
    const why = `Headroom was not tested on ${server.engine} ${server.major}, which is newer, so it only observes`;
    return { kind: 'untested', why };
  }
  // The sessions that the other executor is ending still show here: the same slots would be freed twice.
  if (othersActing)
    return { kind: 'others-acting', why: 'another executor is ending sessions on this server right now' };
  return null;
}
