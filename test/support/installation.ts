import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadConfig } from '../../lib/config/config.ts';
import { RUN_KEY } from '../../local/machine/run-key.ts';
import { startRuntime, type LocalRuntime } from '../../local/runtime/runtime.ts';
import type { Finished } from './headroom.ts';
import { startLeakingServer, type LeakingServer } from './leaking-server.ts';
import { runInProcess } from './program.ts';

/** A server with an installation "on AWS" that looks after it: the synthesized stacks, and stand-ins of the services. */
export interface Installation {
  readonly staging: LeakingServer;
  readonly runtime: LocalRuntime;
  /** Its `headroom.yaml` is that of the installation; whoever sits here has no URL of the server. */
  readonly folder: string;
  run(args: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Finished>;
  stop(): Promise<void>;
}

/** The target as `cdk deploy` gets it. */
const DEPLOYED = {
  auth: { mode: 'iam' },
  instance: 'staging',
  resourceId: 'db-ABCDEFGHIJKLMNOP',
  endpoint: { host: 'staging.c0ffee00beef.us-east-1.rds.amazonaws.com' },
  network: { vpcId: 'vpc-0123456789abcdef0', subnetIds: ['subnet-0123456789abcdef0'] },
  tls: { mode: 'verify-full' },
  maxConnections: 40,
};

export async function startInstallation(): Promise<Installation> {
  const staging = await startLeakingServer(['invoices']);
  const { folder, environment } = staging;
  const config = loadConfig(staging.configure());
  const runtime = await startRuntime({ config, environment, recordsFolder: null, onProgress: () => undefined });
  const [target] = config.targets;
  const installation = { account: '111122223333', region: 'us-east-1' };
  const deployed = { installation, targets: [{ ...target, ...DEPLOYED }] };
  for (const name of ['headroom.yaml', 'prod.yaml']) writeFileSync(join(folder, name), stringify(deployed));
  return {
    staging,
    runtime,
    folder,
    run: (args, changed = {}) =>
      runInProcess(args, {
        folder,
        environment: {
          AWS_ACCESS_KEY_ID: RUN_KEY.accessKeyId,
          AWS_SECRET_ACCESS_KEY: RUN_KEY.secretAccessKey,
          AWS_ENDPOINT_URL: runtime.endpoints.aws,
          AWS_ENDPOINT_URL_DYNAMODB: runtime.endpoints.dynamodb,
          ...changed,
        },
      }),
    async stop() {
      await runtime.stop();
      await staging.stop();
    },
  };
}
