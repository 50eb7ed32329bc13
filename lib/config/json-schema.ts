import * as z from 'zod';
import { POLICY_DESCRIPTIONS } from './policy-descriptions.ts';
import { isRecord } from '../../functions/core/words/records.ts';
import { configSchema } from './schema.ts';

export type JsonSchema = { readonly [key: string]: unknown };

/** JSON Schema of `headroom.yaml` as people write it, for editors. */
export function buildJsonSchema(): JsonSchema {
  const whole = describePolicy(z.toJSONSchema(configSchema, { io: 'input' }));
  const properties = asSchema(whole['properties']);
  const targets = asSchema(properties['targets']);
  const target = asSchema(targets['items']);
  const { id, ...inheritable } = asSchema(target['properties']);
  // Any field of a target may come from `defaults`, so neither of the two can demand it alone.
  const partial = withoutRequired({ ...target, properties: inheritable });
  const own = { ...partial, properties: { id, ...asSchema(partial['properties']) }, required: ['id'] };
  // What a file with one installation and each of several have alike.
  const alike: JsonSchema = {
    notify: properties['notify'],
    events: properties['events'],
    encryption: properties['encryption'],
    reports: properties['reports'],
    defaults: { ...partial, description: 'Fields that every target has unless it says otherwise.' },
    targets: { ...targets, items: own },
  };
  const references = Object.fromEntries(
    Object.entries(alike).map(([key, schema]) => [
      key,
      { $ref: `#/$defs/${key}`, description: asSchema(schema)['description'] },
    ]),
  );
  const { installation } = properties;
  return {
    ...whole,
    // It has targets, or installations that have them.
    required: [],
    title: 'headroom.yaml',
    properties: { installation, ...references, installations: installationsOf(asSchema(installation), references) },
    $defs: alike,
  };
}

/** Each entry has the fields of a file with one installation; what says where it is stands in the entry itself. */
function installationsOf(installation: JsonSchema, references: JsonSchema): JsonSchema {
  const name = {
    type: 'string',
    description:
      'Name in this file: commands name the installation FILE#NAME, and the stacks of the app begin with it.',
  };
  return {
    type: 'array',
    minItems: 1,
    description:
      'Several installations, in several accounts and regions. What stands beside them (installation, notify, events, encryption, reports, defaults) holds for all, unless one says otherwise.',
    items: {
      type: 'object',
      properties: { name, ...asSchema(installation['properties']), ...references },
      required: ['name', 'targets'],
      additionalProperties: false,
    },
  };
}

/** The keys the schema knows at a path of a merged configuration; of every alternative where there are several. */
export function keysAt(path: readonly (string | number)[]): string[] {
  const found = path.reduce<JsonSchema[]>(
    (schemas, part) => schemas.flatMap((schema) => stepInto(schema, part)),
    [z.toJSONSchema(configSchema, { io: 'input' })],
  );
  const keys = found.flatMap(alternatives).flatMap((schema) => Object.keys(asSchema(schema['properties'])));
  return path.length === 0 ? [...keys, 'defaults'] : [...new Set(keys)];
}

function stepInto(schema: JsonSchema, part: string | number): JsonSchema[] {
  return alternatives(schema).flatMap((one) => {
    const next = typeof part === 'number' ? one['items'] : asSchema(one['properties'])[part];
    return isRecord(next) ? [next] : [];
  });
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  const options = schema['oneOf'] ?? schema['anyOf'];
  return Array.isArray(options) ? options.filter(isRecord) : [schema];
}

function asSchema(value: unknown): JsonSchema {
  return isRecord(value) ? value : {};
}

function withoutRequired(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => !(key === 'required' && Array.isArray(value)))
      .map(([key, value]) => [key, mapSchemas(value, withoutRequired)]),
  );
}

function mapSchemas(value: unknown, map: (schema: JsonSchema) => JsonSchema): unknown {
  if (Array.isArray(value)) return value.map((item) => mapSchemas(item, map));
  return isRecord(value) ? map(value) : value;
}

/** The policy's schema, whose descriptions core keeps apart from it. */
function describePolicy(schema: JsonSchema): JsonSchema {
  const describe = (inner: JsonSchema, path: string): JsonSchema => {
    const description = POLICY_DESCRIPTIONS[path];
    const properties = Object.entries(asSchema(inner['properties'])).map(([key, value]) => [
      key,
      describe(asSchema(value), path === '' ? key : `${path}.${key}`),
    ]);
    return {
      ...(description === undefined ? {} : { description }),
      ...inner,
      ...(inner['properties'] === undefined ? {} : { properties: Object.fromEntries(properties) as JsonSchema }),
    };
  };
  const properties = asSchema(schema['properties']);
  const targets = asSchema(properties['targets']);
  const target = asSchema(targets['items']);
  const fields = asSchema(target['properties']);
  const described = {
    ...fields,
    id: {
      description: 'Name of the target: in resource names, records and on the command line.',
      ...asSchema(fields['id']),
    },
    policy: describe(asSchema(fields['policy']), ''),
  };
  return {
    ...schema,
    properties: { ...properties, targets: { ...targets, items: { ...target, properties: described } } },
  };
}
