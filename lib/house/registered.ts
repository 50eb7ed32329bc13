import { ArnFormat, CustomResource, Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { TargetSettings } from '../../functions/core/policy/target.ts';
import { SCHEMA } from '../../functions/core/protocol/schema.ts';
import type { Names } from './names.ts';

/** Backstop for an answer that never comes. The function itself answers within 90 s. */
const LONGEST = Duration.minutes(5);

/**
 * A target in the incident table. What it needs to be acted upon must be there before it is, and while it is taken out:
 * its worker lifts the limits then.
 */
export class RegisteredTarget extends CustomResource {
  constructor(scope: Construct, id: string, props: { readonly names: Names; readonly settings: TargetSettings }) {
    super(scope, id, {
      serviceToken: registerArn(scope, props.names),
      resourceType: 'Custom::HeadroomTarget',
      serviceTimeout: LONGEST,
      // CloudFormation makes text of numbers, so the settings are one text.
      properties: { Schema: String(SCHEMA), Settings: Stack.of(scope).toJsonString(props.settings) },
    });
  }
}

/**
 * The ids of all targets of an installation. One that is no longer among them is taken out of the incident table, also
 * where nobody has deleted its stack.
 */
export class ListedTargets extends CustomResource {
  constructor(scope: Construct, id: string, props: { readonly names: Names; readonly targets: readonly string[] }) {
    super(scope, id, {
      serviceToken: registerArn(scope, props.names),
      resourceType: 'Custom::HeadroomTargets',
      serviceTimeout: LONGEST,
      properties: { Targets: [...props.targets] },
    });
  }
}

/** By name, so that a target's stack imports nothing. */
function registerArn(scope: Construct, names: Names): string {
  return Stack.of(scope).formatArn({
    service: 'lambda',
    resource: 'function',
    resourceName: names.control('register'),
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
