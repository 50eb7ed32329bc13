import { App, Stack } from 'aws-cdk-lib';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { awsTargetsOf } from './config/aws-targets.ts';
import type { HeadroomConfig } from './config/schema.ts';
import { asksPeople } from './config/settings.ts';
import { SOURCES_CONTEXT } from './house/house-function.ts';
import { namesOf } from './house/names.ts';
import { readVersion, VERSION_TAG } from './house/version.ts';
import { SharedStack } from './shared/shared-stack.ts';
import { NetworkStack } from './target/network-stack.ts';
import { TargetStack } from './target/target-stack.ts';

const cdkJson = z.object({ context: z.record(z.string(), z.unknown()) });

export interface BuildOptions {
  /** Folder of the cloud assembly. Default: a temporary one. */
  readonly outdir?: string;
  /** Names of the stacks whose functions are bundled, for callers that need the templates only. Default: all. */
  readonly bundled?: readonly string[];
  /** False skips CloudFormation's rules, which take seconds, for callers that deploy nothing. */
  readonly validate?: boolean;
  /**
   * A hash of all that bundles are made from. Bundles of the same hash that are in `outdir` already are taken as they
   * are.
   */
  readonly sources?: string;
}

/**
 * The CDK app of an installation: a shared stack, one for each VPC, and one for each target. Needs no credentials, no network and no
 * look-ups. Throws ConfigInvalid when the configuration does not suffice for AWS.
 */
export function buildApp(config: HeadroomConfig, options: BuildOptions = {}): App {
  const app = new App({
    ...(options.outdir === undefined ? {} : { outdir: options.outdir }),
    analyticsReporting: false,
    builtinCloudFormationValidation: options.validate ?? true,
    context: {
      ...readFeatureFlags(),
      ...(options.bundled === undefined ? {} : { 'aws:cdk:bundling-stacks': options.bundled }),
      ...(options.sources === undefined ? {} : { [SOURCES_CONTEXT]: options.sources }),
    },
  });
  const { place, targets } = awsTargetsOf(config);
  const { prefix } = config.installation;
  const names = namesOf(prefix);
  const shared = new SharedStack(app, names.sharedStack, {
    prefix,
    targets: targets.map(({ target }) => target.id),
    emails: config.notify.email,
    asks: config.targets.some(asksPeople),
    env: place,
  });
  const networks = new Map<string, NetworkStack>();
  for (const [vpcId, placed] of Map.groupBy(targets, ({ network }) => network.vpcId)) {
    const network = new NetworkStack(app, names.networkStack(vpcId), { names, vpcId, targets: placed, env: place });
    // The worker of a target that has left still reaches its database while the shared stack has its limits lifted.
    network.addStackDependency(shared);
    networks.set(vpcId, network);
  }
  for (const target of targets) {
    const stack = new TargetStack(app, names.targetStack(target.target.id), { config, target, env: place });
    // Names and parameters tie them together, not exports, so that a target's stack can go at any time.
    for (const first of [shared, networks.get(target.network.vpcId)]) {
      if (first !== undefined) stack.addStackDependency(first);
    }
  }
  const version = readVersion();
  // Of the stack alone: tags of an aspect would be in every resource of the template too.
  for (const stack of app.node.children) if (Stack.isStack(stack)) stack.tags.setTag(VERSION_TAG, version);
  return app;
}

/** The flags of cdk.json, which the CDK command hands over by itself and every other caller does not. */
function readFeatureFlags(): Record<string, unknown> {
  return cdkJson.parse(JSON.parse(readFileSync(join(import.meta.dirname, '..', 'cdk.json'), 'utf8'))).context;
}
