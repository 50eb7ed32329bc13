import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as z from 'zod';
import { awsTargetsOf } from './aws-targets.ts';
import type { HeadroomConfig } from './config-schema.ts';
import { namesOf } from './names.ts';
import { toWorkerSettings } from './settings.ts';
import { SharedStack } from './shared-stack.ts';
import { TargetStack } from './target-stack.ts';
import { WorkerFunction } from './worker-function.ts';

const cdkJson = z.object({ context: z.record(z.string(), z.unknown()) });

/** Stands in for the account and region of AWS in local runs. */
const NOWHERE = { account: '000000000000', region: 'us-east-1' } as const;

export interface BuildOptions {
  /** Folder of the cloud assembly. Default: a temporary one. */
  readonly outdir?: string;
  /**
   * For runs on this machine: `url` targets are accepted, the account may be missing, and the stack of a target has its worker
   * alone, outside any network. Shared stack, workflow and bundles are the same as in AWS.
   */
  readonly local?: boolean;
  /** False leaves the functions unbundled, for whoever needs the templates only. */
  readonly bundle?: boolean;
}

/**
 * The CDK app of an installation: a shared stack and one stack per target. Needs no credentials, no network and no look-ups.
 * Throws ConfigInvalid when the configuration does not suffice for AWS.
 */
export function buildApp(config: HeadroomConfig, options: BuildOptions = {}): App {
  const app = new App({
    ...(options.outdir === undefined ? {} : { outdir: options.outdir }),
    analyticsReporting: false,
    context: { ...readFeatureFlags(), ...(options.bundle === false ? { 'aws:cdk:bundling-stacks': [] } : {}) },
  });
  if (options.local === true) addLocalStacks(app, config);
  else addAwsStacks(app, config);
  return app;
}

function addAwsStacks(app: App, config: HeadroomConfig): void {
  const { place, targets } = awsTargetsOf(config);
  const { prefix } = config.installation;
  const names = namesOf(prefix);
  const shared = new SharedStack(app, names.sharedStack, { prefix, emails: config.notify.email, env: place });
  for (const target of targets) {
    const stack = new TargetStack(app, names.targetStack(target.target.id), { config, target, env: place });
    // Names, not exports, tie the two together, so that a target's stack can go at any time; the shared one comes first.
    stack.addStackDependency(shared);
  }
}

function addLocalStacks(app: App, config: HeadroomConfig): void {
  const { prefix } = config.installation;
  const names = namesOf(prefix);
  new SharedStack(app, names.sharedStack, { prefix, emails: [], env: NOWHERE });
  for (const target of config.targets) {
    const stack = new Stack(app, names.targetStack(target.id), { env: NOWHERE });
    new WorkerFunction(stack, 'Worker', {
      functionName: names.worker(target.id),
      settings: toWorkerSettings(config, target),
      reservedConcurrency: target.reservedConcurrency,
    });
  }
}

/** The flags of cdk.json, which the CDK command hands over by itself and every other caller does not. */
function readFeatureFlags(): Record<string, unknown> {
  return cdkJson.parse(JSON.parse(readFileSync(join(import.meta.dirname, '..', 'cdk.json'), 'utf8'))).context;
}
