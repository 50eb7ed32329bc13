/**
 * Errors of the workflow. Their names are the error codes in the state machine's Retry and Catch, so that those who
 * throw and those who catch share these constants.
 */
export const ERRORS = {
  fenceLost: 'FenceLost',
  schemaMismatch: 'SchemaMismatch',
  workerFault: 'WorkerFault',
  queryFailed: 'QueryFailed',
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

/** The incident no longer holds its target: it was closed, or another took over. Its step must not act. */
export class FenceLost extends HeadroomError {
  constructor(incidentId: string) {
    super(ERRORS.fenceLost, `incident ${incidentId} no longer holds its target; this execution must not act`);
  }
}

/** A payload of another version: Headroom was deployed in the middle of an incident. */
export class SchemaMismatch extends HeadroomError {
  constructor(found: unknown, expected: number) {
    super(
      ERRORS.schemaMismatch,
      `payload has schema ${JSON.stringify(found)}, this function knows ${expected}: ` +
        'Headroom was deployed in the middle of the incident',
    );
  }
}

/** The worker crashed, timed out or could not be invoked. A refusal by the database is an answer, not a fault. */
export class WorkerFault extends HeadroomError {
  constructor(message: string, options?: ErrorOptions) {
    super(ERRORS.workerFault, message, options);
  }
}

/** The worker got in, and the server refused what no look or act can do without; the message has its own words. */
export class QueryFailed extends HeadroomError {
  constructor(words: string, options?: ErrorOptions) {
    super(ERRORS.queryFailed, `the server answered: ${words}`, options);
  }
}

/** The worker was busy with another request until the deadline; Lambda did not run this one. */
export class WorkerBusy extends WorkerFault {}

/** The act of this round is on record already: the step ran twice. Diagnose again instead. */
export class ActRepeated extends HeadroomError {
  constructor(incidentId: string, round: number) {
    super(ERRORS.actRepeated, `round ${round} of incident ${incidentId} has acted already; acting is never repeated`);
  }
}

/** A payload that no function of this version sends. */
export class BadRequest extends HeadroomError {
  constructor(message: string, options?: ErrorOptions) {
    super(ERRORS.badRequest, message, options);
  }
}

/** A person's call is not carried out, or not any further; the message says why. */
export class CallRefused extends HeadroomError {
  constructor(message: string) {
    super(ERRORS.callRefused, message);
  }
}

/** Notices were not delivered; they stay pending. */
export class NoticeUndelivered extends HeadroomError {
  constructor(failures: readonly string[]) {
    super(ERRORS.noticeUndelivered, `not delivered: ${failures.join('; ')}`);
  }
}
