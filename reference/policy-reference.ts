import { FLOORS } from '../functions/core/policy/policy.ts';
import { buildJsonSchema, type JsonSchema } from '../lib/config/json-schema.ts';
import { isRecord } from '../functions/core/words/records.ts';
import { code, table } from './markdown.ts';

const INTRODUCTION = `# headroom.yaml

Every field, its default and its limits. This page is made from the schema that checks the file
(\`npm run generate\`), and so is \`headroom.schema.json\`, which editors use for completion:

    # yaml-language-server: $schema=./headroom.schema.json

\`defaults\` takes every field of a target but \`id\`, and is merged under each target. What a target says itself wins, key by
key; lists are replaced as a whole. No mistake is ignored: unknown keys are refused, and all problems are listed at once,
each with its line, its value and the fix.

Paths below are written with dots. Percentages are of _usable_ slots: \`max_connections\` less every reserve.
`;

const FLOOR_NOTE = `## Lower limits on real targets

Ages under these are refused, unless a target is marked \`rehearsal: true\`. Ending what is that young cures nothing:
${Object.entries(FLOORS)
  .map(([name, seconds]) => `\`policy.ages.${name}\` ${seconds} s`)
  .join(', ')}.
`;

const SEVERAL = `## Several installations

A file may hold the installations of several accounts and regions:

    notify: { email: [dba-on-call@example.com] }
    defaults: { mode: observe }
    installations:
      - name: eu-prod
        account: '111122223333'
        region: eu-west-1
        targets: [ … ]
      - name: us-prod
        account: '444455556666'
        region: us-east-1
        notify: { email: [dba-us@example.com] }
        targets: [ … ]

An entry has the fields of \`installation\` (\`account\`, \`region\`, \`prefix\`, \`profile\`) and those of a file with one
installation: \`notify\`, \`events\`, \`encryption\`, \`defaults\`, \`targets\`. What stands beside the list holds for all; what an entry says
itself wins, key by key. [fleet.md](fleet.md#several-accounts-and-regions) says how they are deployed, and how commands name
one of them.
`;

interface Field {
  readonly path: string;
  readonly schema: JsonSchema;
}

/** docs/policy.md: one table per part of the file. */
export function writePolicyReference(): string {
  const schema = buildJsonSchema();
  const properties = { ...partsOf(schema), ...asSchema(schema['$defs']) };
  const target = isRecord(properties['targets']) ? asSchema(properties['targets']['items']) : {};
  const { policy, ...fields } = partsOf(target);
  return [
    INTRODUCTION,
    section('installation', asSchema(properties['installation'])),
    section('notify', asSchema(properties['notify'])),
    section('events', asSchema(properties['events'])),
    section('encryption', asSchema(properties['encryption'])),
    section('targets', { properties: fields, description: 'Each entry of the list, and `defaults`.' }),
    section('policy', asSchema(policy)),
    SEVERAL,
    FLOOR_NOTE,
  ].join('\n');
}

function section(title: string, schema: JsonSchema): string {
  const rows = leavesOf(schema, '').map(({ path, schema: leaf }) => [
    code(path),
    describeDefault(leaf),
    describeType(leaf),
    text(leaf['description']),
  ]);
  return [
    `## ${title}`,
    text(schema['description']),
    table(['field', 'default', 'values', 'what it does'], rows),
    '',
  ].join('\n\n');
}

function leavesOf(schema: JsonSchema, prefix: string): Field[] {
  const alternatives = schema['oneOf'];
  if (Array.isArray(alternatives)) {
    return alternatives.filter(isRecord).flatMap((one) => leavesOf(one, `${prefix}<${modeOf(one)}>`));
  }
  if (!isRecord(schema['properties'])) return [{ path: prefix, schema }];
  return Object.entries(schema['properties']).flatMap(([key, inner]) =>
    leavesOf(asSchema(inner), prefix === '' ? key : `${prefix}.${key}`),
  );
}

function modeOf(schema: JsonSchema): string {
  return text(asSchema(partsOf(schema)['mode'])['const']);
}

function describeDefault(schema: JsonSchema): string {
  const value = schema['default'];
  if (value === undefined) return '–';
  return Array.isArray(value) && value.length === 0 ? 'none' : `\`${JSON.stringify(value).replaceAll('"', '')}\``;
}

function describeType(schema: JsonSchema): string {
  if (schema['const'] !== undefined) return `\`${text(schema['const'])}\``;
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => `\`${String(value)}\``).join(', ');
  if (schema['type'] === 'array') return `list of ${describeType(asSchema(schema['items']))}`;
  const { minimum, maximum, type } = schema;
  const from = typeof minimum === 'number' ? minimum : null;
  const to = typeof maximum === 'number' && maximum < Number.MAX_SAFE_INTEGER ? maximum : null;
  if (from !== null && to !== null) return `${from} to ${to}`;
  if (from !== null) return `${from} or more`;
  return type === 'boolean' ? '`true`, `false`' : text(type);
}

function partsOf(schema: JsonSchema): JsonSchema {
  return asSchema(schema['properties']);
}

function asSchema(value: unknown): JsonSchema {
  return isRecord(value) ? value : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
