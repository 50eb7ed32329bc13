import type { HeadroomConfig, Target } from '../../lib/config/schema.ts';
import { pageOfConfig, toTargetSettings } from '../../lib/config/settings.ts';
import { CONTROL_FUNCTIONS } from '../../lib/house/control-names.ts';
import { namesOf } from '../../lib/house/names.ts';
import { hasChannels } from '../../lib/notify/settings.ts';
import { checkAlarms, checkDeliveries } from './alarms.ts';
import { notTried, tried, type InstallationFinding } from './finding.ts';
import { judgeDeployed, judgeFunctions, readFunctions, type Functions } from './functions.ts';
import { checkPermissions } from './permissions.ts';
import { judgeStacks, judgeVersion, readStacks } from './stacks.ts';
import { checkSubscriptions } from './subscriptions.ts';

/**
 * What the AWS APIs show of an installation, with read-only calls: everything from the stacks to the people, but the
 * databases, which only the workers reach. `targets`: those to look at, of the configuration. Throws what AWS answers
 * where the credentials are none; what they do not suffice for is a finding `not-reached`.
 */
export async function checkInstallation(
  config: HeadroomConfig,
  targets: readonly Target[],
  now: number,
): Promise<InstallationFinding[]> {
  const { region = '', account = '', prefix } = config.installation;
  const names = namesOf(prefix);
  const stackNames = [
    names.sharedStack,
    ...new Set(targets.flatMap(({ network }) => (network === undefined ? [] : names.networkStack(network.vpcId)))),
    ...targets.map(({ id }) => names.targetStack(id)),
  ];
  const findings: InstallationFinding[] = [];

  let version: InstallationFinding = notTried('version', 'the stacks were not read');
  findings.push(
    await tried('stacks', 'cloudformation:DescribeStacks', async () => {
      const stacks = await readStacks(region);
      version = judgeVersion(stackNames, stacks);
      return judgeStacks(stackNames, stacks);
    }),
    version,
  );

  let functions: Functions = new Map();
  findings.push(
    await tried('functions', 'lambda:GetFunctionConfiguration', async () => {
      functions = await readFunctions(region, functionNames(config, targets));
      return judgeFunctions(functions);
    }),
    functions.size === 0
      ? notTried('deployed', 'the functions were not read')
      : judgeDeployed(config, { targets, functions, names }),
    await tried('permissions', 'iam:ListRolePolicies, iam:GetRolePolicy and iam:SimulatePrincipalPolicy', () =>
      checkPermissions(region, functions),
    ),
    await tried('alarms', 'cloudwatch:DescribeAlarms', () => {
      const expected = targets.flatMap((target) => toTargetSettings(config, target).alarms);
      return checkAlarms(region, { expected, prefixes: [names.selfAlarm(''), ...expected] });
    }),
    await tried('subscriptions', 'sns:ListSubscriptionsByTopic', () =>
      checkSubscriptions(
        region,
        `arn:${partitionOf(region)}:sns:${region}:${account}:${names.topic}`,
        config.notify.email,
      ),
    ),
    await tried('deliveries', 'cloudwatch:GetMetricStatistics', () => checkDeliveries(region, names.topic, now)),
  );
  return findings;
}

function functionNames(config: HeadroomConfig, targets: readonly Target[]): string[] {
  const names = namesOf(config.installation.prefix);
  const isThere: Readonly<Record<string, boolean>> = {
    decide: pageOfConfig(config).isThere,
    deliver: hasChannels('aws', config.notify),
  };
  const control = Object.keys(CONTROL_FUNCTIONS).filter((name) => isThere[name] ?? true);
  return [...control.map((name) => names.control(name)), ...targets.map(({ id }) => names.worker(id))];
}

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
