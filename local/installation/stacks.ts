import { CloudFormationClient, paginateDescribeStacks, type Stack } from '@aws-sdk/client-cloudformation';
import { count } from '../../functions/core/words/count.ts';
import { readVersion } from '../../lib/house/package.ts';
import { VERSION_TAG } from '../../lib/house/version.ts';
import { findingOf, type InstallationFinding, type Problem } from './finding.ts';

/** The stacks of a region by name. Throws what AWS answers when they may not be described. */
export async function readStacks(region: string): Promise<ReadonlyMap<string, Stack>> {
  const client = new CloudFormationClient({ region });
  try {
    const found = new Map<string, Stack>();
    for await (const { Stacks = [] } of paginateDescribeStacks({ client }, {})) {
      for (const stack of Stacks) found.set(stack.StackName ?? '', stack);
    }
    return found;
  } finally {
    client.destroy();
  }
}

/** Whether each of these stacks is there and has come to the end of its last deployment. */
export function judgeStacks(expected: readonly string[], stacks: ReadonlyMap<string, Stack>): InstallationFinding {
  const problems = expected.flatMap((name) => problemOf(name, stacks.get(name)));
  return findingOf('stacks', count(expected.length, 'stack'), problems);
}

function problemOf(name: string, stack: Stack | undefined): Problem[] {
  const deploy = `npx --no cdk deploy ${name}`;
  if (stack === undefined) return [{ status: 'failed', detail: `${name} is not deployed`, fix: deploy }];
  const status = stack.StackStatus ?? 'unknown';
  const detail = `${name} is in ${status}${stack.StackStatusReason === undefined ? '' : ` (${stack.StackStatusReason})`}`;
  if (status === 'CREATE_COMPLETE' || status === 'UPDATE_COMPLETE') return [];
  if (status === 'UPDATE_ROLLBACK_COMPLETE') {
    return [
      { status: 'warning', detail: `${detail}: the last deployment failed, the one before it runs`, fix: deploy },
    ];
  }
  if (status.endsWith('_IN_PROGRESS')) {
    return [{ status: 'warning', detail, fix: 'wait until the deployment is done, and check again' }];
  }
  return [{ status: 'failed', detail, fix: `mend what its events name, then ${deploy}` }];
}

/** Whether they were deployed by the Headroom that runs here. */
export function judgeVersion(expected: readonly string[], stacks: ReadonlyMap<string, Stack>): InstallationFinding {
  const here = readVersion();
  const problems = expected.flatMap((name): Problem[] => {
    const stack = stacks.get(name);
    const version = stack?.Tags?.find(({ Key }) => Key === VERSION_TAG)?.Value ?? 'one that left no tag';
    if (stack === undefined || version === here) return [];
    const detail = `${name} is of version ${version}, and ${here} runs here`;
    return [{ status: 'warning', detail, fix: 'npx --no cdk diff, then npx --no cdk deploy --all' }];
  });
  return findingOf('version', `version ${here}`, problems);
}
