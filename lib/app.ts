import { App, Stack } from 'aws-cdk-lib';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { awsTargetsOf } from './config/aws-targets.ts';
import type { HeadroomConfig } from './config/schema.ts';
import { askingTiersOf } from './config/settings.ts';
import { SOURCES_CONTEXT } from './house/house-function.ts';
import { namesOf } from './house/names.ts';
import { PACKAGE_ROOT } from './house/package.ts';
import { SharedResources } from './shared/shared-resources.ts';
import { NetworkStack } from './target/network-stack.ts';
import { TargetResources } from './target/target-resources.ts';
import { WorkerNetwork } from './target/worker-network.ts';

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
  const shared = new Stack(app, names.sharedStack, {
    description: 'Headroom: incident store, control functions and workflow',
    env: place,
  });
  // A construct of that id leaves no trace in the ids of what it holds.
  new SharedResources(shared, 'Default', {
    prefix,
    targets: targets.map(({ target }) => target.id),
    emails: config.notify.email,
    asks: config.targets.some((target) => askingTiersOf(target).length > 0),
  });
  const networks = new Map<string, NetworkStack>();
  for (const [vpcId, placed] of Map.groupBy(targets, ({ network }) => network.vpcId)) {
    const network = new NetworkStack(app, names.networkStack(vpcId), { names, vpcId, targets: placed, env: place });
    // The worker of a target that has left still reaches its database while the shared stack has its limits lifted.
    network.addStackDependency(shared);
    networks.set(vpcId, network);
  }
  for (const target of targets) {
    const { id } = target.target;
    const stack = new Stack(app, names.targetStack(id), { description: `Headroom: target ${id}`, env: place });
    const network = new WorkerNetwork(stack, 'Network', { names, target });
    new TargetResources(stack, 'Default', { config, target, network, region: place.region });
    // Names and parameters tie them together, not exports, so that a target's stack can go at any time.
    for (const first of [shared, networks.get(target.network.vpcId)]) {
      if (first !== undefined) stack.addStackDependency(first);
    }
  }
  return app;
}

/** The flags of cdk.json, which the CDK command hands over by itself and every other caller does not. */
function readFeatureFlags(): Record<string, unknown> {
  return cdkJson.parse(JSON.parse(readFileSync(join(PACKAGE_ROOT, 'cdk.json'), 'utf8'))).context;
}
