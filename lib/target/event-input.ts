import { RuleTargetInput, type RuleTargetInputProperties } from 'aws-cdk-lib/aws-events';

/** What EventBridge allows for the input of a rule's target. */
const LONGEST_INPUT = 8192;

/** A constant object with the whole event in its field `event`. */
export class EventInput extends RuleTargetInput {
  readonly #constant: object;

  constructor(constant: object) {
    super();
    this.#constant = constant;
  }

  override bind(): RuleTargetInputProperties {
    // In a template <…> is a variable, so the constant's own brackets are written as escapes of JSON.
    const constant = JSON.stringify(this.#constant).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e');
    return { inputTemplate: `${constant.slice(0, -1)},"event":<aws.events.event.json>}` };
  }
}

/** Throws RangeError when the input is longer than EventBridge takes, before a deployment finds out. */
export function checkLength<T extends object>(input: T): T {
  const { length } = JSON.stringify(input);
  // Some room for escapes and for the event's own field.
  if (length <= LONGEST_INPUT - 200) return input;
  throw new RangeError(
    `the settings of a target take ${length} characters, EventBridge passes on ${LONGEST_INPUT}; shorten pools, or policy.protect with prefixes such as "batch-*"`,
  );
}
