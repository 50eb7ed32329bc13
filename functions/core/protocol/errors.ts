/**
 * Errors of the workflow. Their names are the error codes that the state machine's Retry and Catch refer to, so thrower and
 * catcher share these constants.
 */
export const ERRORS = {
  fenceLost: 'FenceLost',
  schemaMismatch: 'SchemaMismatch',
  workerFault: 'WorkerFault',
  actRepeated: 'ActRepeated',
  badRequest: 'BadRequest',
  noticeUndelivered: 'NoticeUndelivered',
  callRefused: 'CallRefused',
} as const;

class HeadroomError extends Error {
  constructor(name: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = name;
  }
}

/** The incident no longer holds its target: it was closed or another took over. Whoever sees this must not act. */
export class FenceLost extends HeadroomError {
  constructor(incidentId: string) {
    super(ERRORS.fenceLost, `incident ${incidentId} no longer holds its target; this execution must not act`);
  }
}

/** A payload of another version of Headroom: a deploy in the middle of an incident. */
export class SchemaMismatch extends HeadroomError {
  constructor(found: unknown, expected: number) {
    super(
      ERRORS.schemaMismatch,
      `payload has schema ${JSON.stringify(found)}, this function knows ${expected}: Headroom was deployed in the middle of the incident`,
    );
  }
}

/** The worker crashed, timed out or could not be invoked; not thrown when the database refused it, which is an answer. */
export class WorkerFault extends HeadroomError {
  constructor(message: string, options?: ErrorOptions) {
    super(ERRORS.workerFault, message, options);
  }
}

/** The worker was at another request until the deadline; Lambda did not run this one. */
export class WorkerBusy extends WorkerFault {}

/** The act of this round is on record already: somebody repeats a step. Diagnose again instead. */
export class ActRepeated extends HeadroomError {
  constructor(incidentId: string, round: number) {
    super(ERRORS.actRepeated, `round ${round} of incident ${incidentId} has acted already; acting is never repeated`);
  }
}

/** A payload that no function of this version sends. */
export class BadRequest extends HeadroomError {
  constructor(message: string) {
    super(ERRORS.badRequest, message);
  }
}

/** A person's call is not carried out, or not any further; the message says what stands in the way. */
export class CallRefused extends HeadroomError {
  constructor(message: string) {
    super(ERRORS.callRefused, message);
  }
}

/** Notices did not go out; they stay pending. */
export class NoticeUndelivered extends HeadroomError {
  constructor(failures: readonly string[]) {
    super(ERRORS.noticeUndelivered, `not delivered: ${failures.join('; ')}`);
  }
}
