import { RuleTargetInput, type RuleTargetInputProperties } from 'aws-cdk-lib/aws-events';
import { withEvent } from '../config/rule-inputs.ts';

/** A constant object with the whole event in its field `event`. */
export class EventInput extends RuleTargetInput {
  readonly #constant: object;

  constructor(constant: object) {
    super();
    this.#constant = constant;
  }

  override bind(): RuleTargetInputProperties {
    return { inputTemplate: withEvent(this.#constant) };
  }
}
