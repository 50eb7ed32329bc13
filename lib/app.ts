import { App } from 'aws-cdk-lib';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { modeOfTier } from '../functions/core/plan/tiers/mode-of-tier.ts';
import { TIER_NAMES } from '../functions/core/policy/tier-names.ts';
import { awsTargetsOf } from './config/aws-targets.ts';
import type { HeadroomConfig, Target } from './config/schema.ts';
import { encryptAll } from './house/customer-key.ts';
import { SOURCES_CONTEXT } from './house/house-function.ts';
import { namesOf } from './house/names.ts';
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
 * The CDK app of one installation or of several: for each a shared stack, one for each VPC, and one for each target.
 * Needs no credentials, no network and no look-ups. Throws ConfigInvalid when a configuration does not suffice for AWS.
 */
export function buildApp(installations: HeadroomConfig | readonly HeadroomConfig[], options: BuildOptions = {}): App {
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
  for (const config of [installations].flat()) addInstallation(app, config);
  return app;
}

function addInstallation(app: App, config: HeadroomConfig): void {
  const { place, targets } = awsTargetsOf(config);
  const { prefix } = config.installation;
  const { keyArn } = config.encryption;
  const names = namesOf(prefix);
  // Stacks of two places may have one name; the app tells them apart, and `cdk deploy 'eu-prod--*'` means one installation.
  const idOf = (stackName: string): string => (config.name == null ? stackName : `${config.name}--${stackName}`);
  const shared = new SharedStack(app, idOf(names.sharedStack), {
    stackName: names.sharedStack,
    prefix,
    targets: targets.map(({ target }) => target.id),
    emails: config.notify.email,
    bus: config.events.bus,
    keyArn,
    asks: config.targets.some(asksPeople),
    env: place,
  });
  const networks = new Map<string, NetworkStack>();
  for (const [vpcId, placed] of Map.groupBy(targets, ({ network }) => network.vpcId)) {
    const stackName = names.networkStack(vpcId);
    const properties = { stackName, names, vpcId, targets: placed, env: place };
    const network = new NetworkStack(app, idOf(stackName), properties);
    // The worker of a target that has left still reaches its database while the shared stack has its limits lifted.
    network.addStackDependency(shared);
    if (keyArn !== undefined) encryptAll(network, keyArn);
    networks.set(vpcId, network);
  }
  for (const target of targets) {
    const stackName = names.targetStack(target.target.id);
    const stack = new TargetStack(app, idOf(stackName), { stackName, config, target, env: place });
    if (keyArn !== undefined) encryptAll(stack, keyArn);
    // Names and parameters tie them together, not exports, so that a target's stack can go at any time.
    for (const first of [shared, networks.get(target.network.vpcId)]) {
      if (first !== undefined) stack.addStackDependency(first);
    }
  }
}

/** Some tier of the target waits for a person. */
function asksPeople(target: Target): boolean {
  return TIER_NAMES.some((name) => modeOfTier(name, target) === 'approve');
}

/** The flags of cdk.json, which the CDK command hands over by itself and every other caller does not. */
function readFeatureFlags(): Record<string, unknown> {
  return cdkJson.parse(JSON.parse(readFileSync(join(import.meta.dirname, '..', 'cdk.json'), 'utf8'))).context;
}
