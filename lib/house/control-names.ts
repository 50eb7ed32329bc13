interface ControlShape {
  readonly description: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
}

/**
 * The functions outside the VPC. Diagnose waits for a worker that Lambda may have to start, and for a free slot.
 */
export const CONTROL_FUNCTIONS = {
  dispatch: {
    description: 'Opens an incident for an alarm, or joins the open one, and starts the workflow',
    timeoutSeconds: 30,
    memoryMegabytes: 512,
  },
  // It begins the calls of a minute over 50 s of it.
  tick: {
    description:
      'Has every target sampled each minute, checked each day, and looked after where something is left to do',
    timeoutSeconds: 60,
    memoryMegabytes: 256,
  },
  // Closing the incident of a target that goes, and lifting its limits, by a worker that may hang.
  register: {
    description: 'Writes the targets of the stacks into the table, and takes out those that left',
    timeoutSeconds: 120,
    memoryMegabytes: 512,
  },
  // It closes the incident of a member that has left, and lifts its limits by a worker that may hang.
  follow: {
    description: 'Follows the members of clusters, what targets are at RDS, and the slots their alarms stand by',
    timeoutSeconds: 120,
    memoryMegabytes: 256,
  },
  reconcile: {
    description: 'Finds incidents whose workflow died and alarms that were not handled',
    timeoutSeconds: 55,
    memoryMegabytes: 512,
  },
  // Samples over one minute; the worker may have to be started for them.
  sample: {
    description: 'Samples a target, publishes its figures and opens an incident when it crosses its trigger',
    timeoutSeconds: 90,
    // It mostly waits, and at short intervals is paid for by the minute.
    memoryMegabytes: 256,
  },
  diagnose: {
    description: 'Takes a snapshot of the target, plans, and decides what comes next',
    timeoutSeconds: 300,
    memoryMegabytes: 1024,
  },
  // Its own snapshot, then the longest grace a policy allows for cancelled queries; an act cut short loses its results.
  act: { description: 'Does what one tier planned', timeoutSeconds: 180, memoryMegabytes: 1024 },
  ask: { description: 'Asks a person about a plan', timeoutSeconds: 30, memoryMegabytes: 512 },
  decide: { description: 'Serves the page where people answer', timeoutSeconds: 15, memoryMegabytes: 512 },
  escalate: { description: 'Pages a person with the evidence', timeoutSeconds: 30, memoryMegabytes: 512 },
  // It lifts a limit or two first, by a worker that may be busy.
  close: {
    description: 'Lifts temporary limits, closes the incident and releases the target',
    timeoutSeconds: 90,
    memoryMegabytes: 512,
  },
  notify: { description: 'Delivers the notices that are pending', timeoutSeconds: 30, memoryMegabytes: 512 },
  // Three waits of 30 s between four tries of 10 s, where a channel wants to be tried again so.
  deliver: {
    description: 'Sends notices by the channels beside the topic',
    timeoutSeconds: 180,
    memoryMegabytes: 256,
  },
} as const satisfies Readonly<Record<string, ControlShape>>;

export type ControlName = keyof typeof CONTROL_FUNCTIONS;
/** `decide` exists where some target asks, `deliver` where there are channels beside the topic. */
export type OptionalControlName = 'decide' | 'deliver';
/** Those that every installation has. */
export type StandingControlName = Exclude<ControlName, OptionalControlName>;
