import { App, Stack } from 'aws-cdk-lib';
import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { awsTargetsOf } from './config/aws-targets.ts';
import type { HeadroomConfig } from './config/schema.ts';
import { pageOfConfig } from './config/settings.ts';
import { encryptAll } from './house/customer-key.ts';
import { namesOf } from './house/names.ts';
import { PACKAGE_ROOT, readVersion } from './house/package.ts';
import { VERSION_TAG } from './house/version.ts';
import { SharedResources } from './shared/shared-resources.ts';
import { NetworkStack } from './target/network-stack.ts';
import { TargetResources } from './target/target-resources.ts';
import { WorkerNetwork } from './target/worker-network.ts';

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
 * The CDK app of one installation or of several: for each a shared stack, one for each VPC, and one for each target.
 * Needs no credentials, no network and no look-ups. Throws ConfigInvalid when a configuration does not suffice for AWS.
 */
export function buildApp(
  installations: HeadroomConfig | readonly HeadroomConfig[],
  { outdir, deployable = true }: BuildOptions = {},
): App {
  const app = new App({
    ...(outdir === undefined ? {} : { outdir }),
    analyticsReporting: false,
    builtinCloudFormationValidation: deployable,
    context: { ...readFeatureFlags(), ...(!deployable && { [DISABLE_ASSET_STAGING_CONTEXT]: true }) },
  });
  for (const config of [installations].flat()) addInstallation(app, config);
  const version = readVersion();
  // Of the stack alone: tags of an aspect would be in every resource of the template too.
  for (const stack of app.node.children) if (Stack.isStack(stack)) stack.tags.setTag(VERSION_TAG, version);
  return app;
}

function addInstallation(app: App, config: HeadroomConfig): void {
  const { place, targets } = awsTargetsOf(config);
  const { prefix } = config.installation;
  const { keyArn } = config.encryption;
  const names = namesOf(prefix);
  // Stacks of two places may have one name; the app tells them apart, and `cdk deploy 'eu-prod--*'` means one
  // installation.
  const idOf = (stackName: string): string => (config.name == null ? stackName : `${config.name}--${stackName}`);
  const stackNamed = (stackName: string, description: string): Stack =>
    new Stack(app, idOf(stackName), { stackName, description, env: place });
  const shared = stackNamed(names.sharedStack, 'Headroom: incident store, control functions and workflow');
  // A construct of that id leaves no trace in the ids of what it holds.
  new SharedResources(shared, 'Default', {
    prefix,
    targets: targets.map(({ target }) => target.id),
    notify: config.notify,
    bus: config.events.bus,
    keyArn,
    hasDashboard: config.installation.dashboard,
    page: pageOfConfig(config),
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
    const { id } = target.target;
    const stack = stackNamed(names.targetStack(id), `Headroom: target ${id}`);
    const network = new WorkerNetwork(stack, 'Network', { names, target });
    new TargetResources(stack, 'Default', { config, target, network, region: place.region });
    if (keyArn !== undefined) encryptAll(stack, keyArn);
    // Names and parameters tie them together, not exports, so that a target's stack can go at any time.
    for (const first of [shared, networks.get(target.network.vpcId)]) {
      if (first !== undefined) stack.addStackDependency(first);
    }
  }
}

/** The flags of cdk.json, which the CDK command hands over by itself and every other caller does not. */
function readFeatureFlags(): Record<string, unknown> {
  return cdkJson.parse(JSON.parse(readFileSync(join(PACKAGE_ROOT, 'cdk.json'), 'utf8'))).context;
}
