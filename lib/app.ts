import { App } from 'aws-cdk-lib';
import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { awsTargetsOf } from './config/aws-targets.ts';
import type { HeadroomConfig } from './config/schema.ts';
import { asksPeople } from './cost/shape.ts';
import { namesOf } from './house/names.ts';
import { SharedStack } from './shared/shared-stack.ts';
import { TargetStack } from './target/target-stack.ts';

const cdkJson = z.object({ context: z.record(z.string(), z.unknown()) });

export interface BuildOptions {
  /** Folder of the cloud assembly. Default: a temporary one. */
  readonly outdir?: string;
  /**
   * False for callers that deploy nothing: skips CloudFormation's rules, which take seconds, and leaves the functions'
   * code where it is.
   */
  readonly deployable?: boolean;
}

/**
 * The CDK app of an installation: a shared stack and one stack per target. Needs no credentials, no network and no
 * look-ups. Throws ConfigInvalid when the configuration does not suffice for AWS.
 */
export function buildApp(config: HeadroomConfig, { outdir, deployable = true }: BuildOptions = {}): App {
  const app = new App({
    ...(outdir === undefined ? {} : { outdir }),
    analyticsReporting: false,
    builtinCloudFormationValidation: deployable,
    context: { ...readFeatureFlags(), ...(!deployable && { [DISABLE_ASSET_STAGING_CONTEXT]: true }) },
  });
  const { place, targets } = awsTargetsOf(config);
  const { prefix } = config.installation;
  const names = namesOf(prefix);
  const shared = new SharedStack(app, names.sharedStack, {
    prefix,
    emails: config.notify.email,
    asks: config.targets.some(asksPeople),
    env: place,
  });
  for (const target of targets) {
    const stack = new TargetStack(app, names.targetStack(target.target.id), { config, target, env: place });
    // Names, not exports, tie the two together, so that a target's stack can go at any time; the shared one comes
    // first.
    stack.addStackDependency(shared);
  }
  return app;
}

/** The flags of cdk.json, which the CDK command hands over by itself and every other caller does not. */
function readFeatureFlags(): Record<string, unknown> {
  return cdkJson.parse(JSON.parse(readFileSync(join(import.meta.dirname, '..', 'cdk.json'), 'utf8'))).context;
}
