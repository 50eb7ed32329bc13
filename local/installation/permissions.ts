import {
  GetRolePolicyCommand,
  IAMClient,
  paginateListRolePolicies,
  paginateSimulatePrincipalPolicy,
  type EvaluationResult,
} from '@aws-sdk/client-iam';
import * as z from 'zod';
import { count } from '../../functions/core/words/count.ts';
import { parseJson } from '../../functions/core/words/parse-json.ts';
import { findingOf, type InstallationFinding, type Problem } from './finding.ts';
import type { Functions } from './functions.ts';

const some = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());
/** What Headroom's own policies are made of. */
const statement = z.object({
  Effect: z.enum(['Allow', 'Deny']),
  Action: some.optional(),
  Resource: some.optional(),
  Condition: z.unknown().optional(),
});
const document = z.object({ Statement: z.union([statement, z.array(statement)]).transform((value) => [value].flat()) });
type Statement = z.infer<typeof statement>;

/**
 * Whether IAM would let each function do what its own policies allow: a boundary, a policy of the organisation or a
 * denial that somebody has added takes it away. Simulated, so nothing is done. What depends on a condition is not tried.
 */
export async function checkPermissions(region: string, functions: Functions): Promise<InstallationFinding> {
  const client = new IAMClient({ region });
  try {
    const problems: Problem[] = [];
    let simulated = 0;
    for (const [name, found] of functions) {
      const role = found?.Role;
      if (role === undefined) continue;
      for (const { Action = [], Resource = [] } of await readStatements(client, role)) {
        const results = await simulate(client, { role, actions: Action, resources: Resource });
        simulated += results.length;
        problems.push(...results.flatMap((result) => problemOf(name, result)));
      }
    }
    return findingOf('permissions', `${count(simulated, 'permission')} simulated`, problems);
  } finally {
    client.destroy();
  }
}

/** What its own policies allow without a condition. */
async function readStatements(client: IAMClient, roleArn: string): Promise<Statement[]> {
  const RoleName = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  const statements: Statement[] = [];
  for await (const { PolicyNames = [] } of paginateListRolePolicies({ client }, { RoleName })) {
    for (const PolicyName of PolicyNames) {
      const { PolicyDocument = '' } = await client.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      statements.push(...document.parse(parseJson(decodeURIComponent(PolicyDocument))).Statement);
    }
  }
  return statements.filter(({ Effect, Condition }) => Effect === 'Allow' && Condition === undefined);
}

async function simulate(
  client: IAMClient,
  { role, actions, resources }: { readonly role: string; readonly actions: string[]; readonly resources: string[] },
): Promise<EvaluationResult[]> {
  // The simulation takes no patterns of actions.
  const ActionNames = actions.filter((action) => !action.includes('*'));
  if (ActionNames.length === 0 || resources.length === 0) return [];
  const input = { PolicySourceArn: role, ActionNames, ResourceArns: resources };
  const found: EvaluationResult[] = [];
  for await (const { EvaluationResults = [] } of paginateSimulatePrincipalPolicy({ client }, input)) {
    found.push(...EvaluationResults);
  }
  return found;
}

function problemOf(name: string, result: EvaluationResult): Problem[] {
  const { EvalActionName: action = '', EvalDecision: decision, EvalResourceName: resource = '' } = result;
  // Somebody's denial depends on what only a real call says.
  if (decision === 'allowed' || (result.MissingContextValues ?? []).length > 0) return [];
  const by =
    result.OrganizationsDecisionDetail?.AllowedByOrganizations === false
      ? 'a policy of the organisation'
      : result.PermissionsBoundaryDecisionDetail?.AllowedByPermissionsBoundary === false
        ? 'the permissions boundary of its role'
        : 'a policy of its role';
  const detail = `${name} may not ${action} on ${resource}: ${by} denies it`;
  return [{ status: 'failed', detail, fix: `let ${by} allow ${action}` }];
}
