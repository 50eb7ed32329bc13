import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { buildApp } from '../lib/app.ts';
import { parseConfig } from '../lib/config/config.ts';
import { TO_SEND } from '../lib/house/customer-key.ts';
import { code, fillParts, table } from './markdown.ts';
import { WHY, WHY_SO_WIDE } from './permissions.ts';

const ACCOUNT = '111122223333';
const REGION = 'eu-west-1';

/** Everything that an installation can have: both ways to log in, questions to people, channels, an event bus. */
const WHOLE = `
installation: { account: '${ACCOUNT}', region: ${REGION} }
notify:
  slack: { webhookUrl: { secretArn: 'arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:slack-AbCdEf' } }
  amazonQ: { topicArn: 'arn:aws:sns:${REGION}:${ACCOUNT}:chat' }
defaults:
  engine: postgres
  mode: approve
  maxConnections: 100
  reservedSlots: 9
  network: { vpcId: vpc-0a1b2c3d4e5f60718, subnetIds: [subnet-0a1b2c3d4e5f60718, subnet-0b1c2d3e4f5061728] }
targets:
  - id: iam
    instance: iam
    resourceId: db-ABCDEFGHIJKLMNOP
    endpoint: { host: iam.example.com }
  - id: secret
    instance: secret
    endpoint: { host: secret.example.com }
    auth: { mode: secret, secretArn: 'arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:orders-AbCdEf', secretsAccess: endpoint }
`;

const statement = z.object({
  Effect: z.enum(['Allow', 'Deny']),
  Action: z.union([z.string().transform((one) => [one]), z.array(z.string())]),
  Resource: z.union([z.array(z.unknown()), z.unknown().transform((one) => [one])]),
  Condition: z.unknown().optional(),
});
const document = z.object({ Statement: z.array(statement) });
const rolePolicy = z.object({
  Properties: z.object({ PolicyDocument: document, Roles: z.array(z.object({ Ref: z.string() })) }),
});
const role = z.object({
  Properties: z.object({ Policies: z.array(z.object({ PolicyDocument: document })).default([]) }),
});
const template = z.object({ Resources: z.record(z.string(), z.looseObject({ Type: z.string() })) });

/** What the policy of a customer's key must let in: the services that use it of themselves, for this account alone. */
const KEY_STATEMENTS = [
  {
    Sid: 'AlarmsToTheTopicAndEventsToQueues',
    Effect: 'Allow',
    Principal: { Service: ['cloudwatch.amazonaws.com', 'events.amazonaws.com'] },
    Action: TO_SEND,
    Resource: '*',
    Condition: { StringEquals: { 'aws:SourceAccount': 'ACCOUNT' } },
  },
  {
    Sid: 'Logs',
    Effect: 'Allow',
    Principal: { Service: 'logs.REGION.amazonaws.com' },
    Action: ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
    Resource: '*',
    Condition: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': 'arn:aws:logs:REGION:ACCOUNT:log-group:*' } },
  },
] as const;

interface Permission {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
  readonly isConditional: boolean;
}

/** Every permission that the templates of an installation give. */
function permissionsOf(): Permission[] {
  const outdir = mkdtempSync(join(tmpdir(), 'headroom-permissions-'));
  try {
    const app = buildApp(parseConfig(WHOLE, 'security'), { outdir, deployable: false });
    return app.synth().stacks.flatMap((stack) => readTemplate(template.parse(stack.template)));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

function readTemplate({ Resources }: z.infer<typeof template>): Permission[] {
  return Object.entries(Resources).flatMap(([id, resource]) => {
    if (resource.Type === 'AWS::IAM::Policy') {
      const { PolicyDocument, Roles } = rolePolicy.parse(resource).Properties;
      return Roles.flatMap(({ Ref }) => permissionsIn(roleName(Ref), PolicyDocument));
    }
    if (resource.Type !== 'AWS::IAM::Role') return [];
    const { Policies } = role.parse(resource).Properties;
    return Policies.flatMap(({ PolicyDocument }) => permissionsIn(roleName(id), PolicyDocument));
  });
}

function permissionsIn(name: string, { Statement }: z.infer<typeof document>): Permission[] {
  // What is denied widens nothing.
  const allowed = Statement.filter(({ Effect }) => Effect === 'Allow');
  return allowed.flatMap(({ Action, Resource, Condition }) =>
    Action.flatMap((action) =>
      Resource.map((resource) => ({
        role: name,
        action,
        resource: render(resource).replace(/^the \w+Log$/, 'its own log'),
        isConditional: Condition !== undefined,
      })),
    ),
  );
}

function roleName(logicalId: string): string {
  const name = withoutHash(logicalId).replace(/Role$/, '');
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function withoutHash(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, '');
}

/** A resource of a template for people: names instead of references, and stand-ins for what differs. */
function render(value: unknown): string {
  const ref = z.object({ Ref: z.string() }).safeParse(value);
  if (ref.success) return ref.data.Ref === 'AWS::Partition' ? 'aws' : `the ${withoutHash(ref.data.Ref)}`;
  const attribute = z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }).safeParse(value);
  if (attribute.success) return `the ${withoutHash(attribute.data['Fn::GetAtt'][0])}`;
  const joined = z.object({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) }).safeParse(value);
  if (joined.success) return joined.data['Fn::Join'][1].map(render).join(joined.data['Fn::Join'][0]);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replaceAll(ACCOUNT, 'ACCOUNT').replaceAll(REGION, 'REGION').replaceAll('headroom-', 'PREFIX-');
}

interface Row {
  readonly why: string;
  readonly roles: Set<string>;
  readonly actions: Set<string>;
  readonly resources: Set<string>;
}

const emptyRow = (why: string): Row => ({ why, roles: new Set(), actions: new Set(), resources: new Set() });

/** One row for each reason and what it opens. Throws when a permission has no reason, or a reason no permission. */
function permissionRows(permissions: readonly Permission[]): string[][] {
  const used = new Set<string>();
  const byRole = new Map<string, Row>();
  for (const { role: name, action, resource, isConditional } of permissions) {
    const reason = [`${name} ${action}`, action].find((key) => WHY[key] !== undefined) ?? '';
    const why = WHY[reason];
    if (why === undefined)
      throw new Error(`reference/permissions.ts has no reason for ${action} (${name}, ${resource})`);
    used.add(reason);
    const row = byRole.get(`${name} ${why}`) ?? emptyRow(why);
    row.roles.add(name);
    row.actions.add(action);
    row.resources.add(isConditional ? `${resource} (on a condition)` : resource);
    byRole.set(`${name} ${why}`, row);
  }
  refuseUnused(Object.keys(WHY), used);
  const alike = Map.groupBy(byRole.values(), ({ why, actions, resources }) =>
    [why, ...[...actions].sort(), ...[...resources].sort()].join(),
  );
  return [...alike.values()].flatMap(([row, ...others]) => {
    if (row === undefined) return [];
    const roles = new Set([row, ...others].flatMap((each) => [...each.roles]).sort());
    return [[codes(roles), codes(row.actions), codes(row.resources), row.why]];
  });
}

/** One row for each pattern of resources of a service. Throws as `permissionRows` does. */
function wildcardRows(permissions: readonly Permission[]): string[][] {
  const patterns = new Map<string, Row>();
  for (const { role: name, action, resource } of permissions) {
    if (!resource.includes('*')) continue;
    const key = `${action.split(':')[0] ?? ''} ${resource}`;
    const why = WHY_SO_WIDE[key];
    if (why === undefined) throw new Error(`reference/permissions.ts does not argue ${key} (${name}, ${action})`);
    const row = patterns.get(key) ?? emptyRow(why);
    row.actions.add(action);
    row.roles.add(name);
    patterns.set(key, row);
  }
  refuseUnused(Object.keys(WHY_SO_WIDE), new Set(patterns.keys()));
  return [...patterns].map(([key, { actions, roles, why }]) => [
    code(key.split(' ')[1] ?? ''),
    codes(roles),
    codes(actions),
    why,
  ]);
}

function refuseUnused(all: readonly string[], used: ReadonlySet<string>): void {
  const unused = all.filter((key) => !used.has(key));
  if (unused.length > 0) throw new Error(`reference/permissions.ts has what no template needs: ${unused.join(', ')}`);
}

function codes(texts: ReadonlySet<string>): string {
  return [...texts].map(code).join(' ');
}

/** docs/security.md with every generated part anew. Throws as `fillParts` does, and when a permission has no reason. */
export function fillSecurity(page: string): string {
  const permissions = permissionsOf();
  return fillParts('docs/security.md', page, {
    permissions: () => table(['functions', 'may', 'on', 'because'], permissionRows(permissions)),
    keys: () => '```json\n' + JSON.stringify({ Statement: KEY_STATEMENTS }) + '\n```',
    wildcards: () => table(['pattern', 'of', 'for', 'why no narrower'], wildcardRows(permissions)),
  });
}
