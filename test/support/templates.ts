import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { buildApp } from '../../lib/app.ts';
import { parseConfig } from '../../lib/config/config.ts';

const ACCOUNT = '111122223333';
const REGION = 'eu-west-1';

/** A whole, valid configuration; `target` adds lines to its only target. */
export function configText(target = '', top = ''): string {
  return `
installation: { account: '${ACCOUNT}', region: ${REGION} }
${top}
targets:
  - id: orders
    engine: postgres
    instance: orders-prod
    resourceId: db-ABCDEFGHIJKLMNOPQRSTUVWXY1
    endpoint: { host: orders-prod.c0ffee00beef.eu-west-1.rds.amazonaws.com }
    maxConnections: 209
    reservedSlots: 9
    network: { vpcId: vpc-0a1b2c3d4e5f60718, subnetIds: [subnet-0a1b2c3d4e5f60718, subnet-0b1c2d3e4f5061728], databaseSecurityGroupId: sg-0a1b2c3d4e5f60718 }
${target}`;
}

export interface Templates {
  readonly shared: Template;
  /** Of the target's VPC. */
  readonly network: Template;
  readonly target: Template;
}

/** The templates of the shared stack, of the VPC and of the target `orders`, without bundles. */
export function templatesOf(text = configText()): Templates {
  const outdir = mkdtempSync(join(tmpdir(), 'headroom-test-'));
  try {
    const app = buildApp(parseConfig(text, 'headroom.yaml'), { outdir, deployable: false });
    const template = (id: string): Template => {
      const stack = app.node.findChild(id);
      if (!(stack instanceof Stack)) throw new TypeError(`${id} is no stack`);
      return Template.fromStack(stack);
    };
    return {
      shared: template('headroom-shared'),
      network: template('headroom-network-vpc-0a1b2c3d4e5f60718'),
      target: template('headroom-target-orders'),
    };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

const statement = z.object({
  Effect: z.enum(['Allow', 'Deny']),
  Action: z.union([z.string().transform((one) => [one]), z.array(z.string())]),
  Resource: z.union([z.array(z.unknown()), z.unknown().transform((one) => [one])]).optional(),
  Condition: z.unknown().optional(),
});
export type Statement = z.infer<typeof statement>;
const policy = z.object({
  Properties: z.object({
    PolicyDocument: z.object({ Statement: z.array(statement) }),
    Roles: z.array(z.object({ Ref: z.string() })),
  }),
});

/** The statements of a role's own policy, by the name that the role's logical id begins with. */
export function statementsOf(template: Template, role: string): Statement[] {
  return Object.values(template.findResources('AWS::IAM::Policy'))
    .map((resource) => policy.parse(resource).Properties)
    .filter(({ Roles }) => Roles.some(({ Ref }) => Ref.startsWith(role)))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

const roleResource = z.object({
  Properties: z.object({
    Policies: z.array(
      z.object({ PolicyName: z.string(), PolicyDocument: z.object({ Statement: z.array(statement) }) }),
    ),
  }),
});

/** The statements of a policy that is written into a role itself. */
export function inlineStatementsOf(template: Template, role: string, policyName: string): Statement[] {
  return Object.entries(template.findResources('AWS::IAM::Role'))
    .filter(([logicalId]) => logicalId.startsWith(role))
    .flatMap(([, resource]) => roleResource.parse(resource).Properties.Policies)
    .filter(({ PolicyName }) => PolicyName === policyName)
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

/** A statement in short: `Allow sns:Publish on Notices…`, with references written as `<Id>` or `<Id.Attribute>`. */
export function inShort({ Effect, Action, Resource }: Statement): string {
  return `${Effect} ${Action.join(' ')} on ${(Resource ?? []).map(renderValue).join(' ')}`;
}

const reference = z.object({ Ref: z.string() });
const attribute = z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) });
const joined = z.object({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) });

/** A template's value as text: references as `<Id>`, without the hash that ends a logical id. */
export function renderValue(value: unknown): string {
  const ref = reference.safeParse(value);
  if (ref.success) return `<${withoutHash(ref.data.Ref)}>`;
  const get = attribute.safeParse(value);
  if (get.success) return `<${withoutHash(get.data['Fn::GetAtt'][0])}.${get.data['Fn::GetAtt'][1]}>`;
  const join = joined.safeParse(value);
  if (join.success) return join.data['Fn::Join'][1].map(renderValue).join(join.data['Fn::Join'][0]);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function withoutHash(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, '');
}
