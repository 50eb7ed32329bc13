import type { HeadroomConfig, Target } from '../../lib/config/schema.ts';
import { ACCOUNT, REGION } from '../machine/place.ts';

/**
 * The configuration that is synthesized for a local run. AWS stacks refuse targets with `auth: {mode: url}`, so each
 * gets what its stack needs: IAM authentication, an address, a network, a number of connections. These are well-formed
 * but not real, and the same for all, so that targets that differ in nothing else share a synthesis. None of them is
 * used: no function leaves this machine, and the runtime starts the worker with the target's own settings
 * (`HEADROOM_WORKER` in url mode). Everything else, above all the policy, stays as it is written, so that the stacks,
 * the workflow and the bundles are those of AWS. Targets of other modes are left out. Throws when no target is left.
 */
export function toSynthesizedConfig(config: HeadroomConfig): HeadroomConfig {
  const targets = config.targets.filter((target) => target.auth.mode === 'url');
  if (targets.length === 0) {
    throw new Error(
      'no target has auth: {mode: url, variable: NAME}, which is how a run on this machine logs in; add one',
    );
  }
  return {
    ...config,
    commands: undefined,
    name: null,
    installation: { ...config.installation, account: ACCOUNT, region: REGION },
    targets: targets.map(toAwsTarget),
    notify: { email: [], sms: [] },
    events: { bus: 'none' },
    encryption: {},
    // Messages of local runs name the command.
    reports: { linkDays: 0 },
  };
}

const STAND_IN_CONNECTIONS = 100;

function toAwsTarget(target: Target): Target {
  return {
    ...target,
    instance: target.instance ?? target.id,
    resourceId: 'db-LOCALLOCALLOCAL',
    auth: { mode: 'iam', user: 'headroom_responder', canaryUser: 'headroom_canary' },
    endpoint: { host: 'local.invalid', port: 1 },
    network: {
      vpcId: 'vpc-00000000000000000',
      subnetIds: ['subnet-00000000000000000'],
      manageIngress: false,
    },
    tls: { mode: 'require' },
    maxConnections: STAND_IN_CONNECTIONS,
    reservedSlots: undefined,
    pools: [],
  };
}
