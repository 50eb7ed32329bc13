import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { bundleOf } from '../bundles/where.ts';
import { CONTROL_FUNCTIONS, type ControlName } from '../house/control-names.ts';
import { HouseFunction } from '../house/house-function.ts';
import type { Names } from '../house/names.ts';

/** A function of the control plane, by its name. */
export class ControlFunction extends HouseFunction {
  /** How long Lambda lets it run. Its callers wait a little longer. */
  readonly timeLimit: Duration;

  constructor(
    scope: Construct,
    name: ControlName,
    props: { readonly names: Names; readonly environment: Readonly<Record<string, string>> },
  ) {
    const { timeoutSeconds, ...shape } = CONTROL_FUNCTIONS[name];
    const timeout = Duration.seconds(timeoutSeconds);
    super(scope, pascal(name), {
      ...shape,
      bundle: bundleOf(name),
      functionName: props.names.control(name),
      timeout,
      environment: props.environment,
    });
    this.timeLimit = timeout;
  }
}

function pascal(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
