import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { POLICY_DESCRIPTIONS } from '../../lib/config/policy-descriptions.ts';
import { buildJsonSchema, type JsonSchema } from '../../lib/config/json-schema.ts';
import { isRecord } from '../../functions/core/words/records.ts';
import { generateFiles } from '../../reference/generate.ts';
import { configText } from '../support/templates.ts';

const ROOT = join(import.meta.dirname, '../..');
const files = await generateFiles();

test.each(Object.keys(files))('%s is in step with the code (npm run generate)', (file) => {
  expect(readFileSync(join(ROOT, file), 'utf8')).toBe(files[file]);
});

/** Every object of the schema that has properties, by its path. */
function* fieldsOf(schema: JsonSchema, path: string): Generator<{ path: string; schema: JsonSchema }> {
  yield { path, schema };
  const alternatives = Array.isArray(schema['oneOf']) ? schema['oneOf'].filter(isRecord) : [];
  for (const one of alternatives) yield* fieldsOf(one, path);
  const own = isRecord(schema['properties']) ? schema['properties'] : {};
  const properties = { ...own, ...(isRecord(schema['$defs']) ? schema['$defs'] : {}) };
  for (const [key, inner] of Object.entries(properties)) {
    if (isRecord(inner)) yield* fieldsOf(inner, path === '' ? key : `${path}.${key}`);
  }
  if (isRecord(schema['items'])) yield* fieldsOf(schema['items'], path);
}

test('every field of the file says what it does', () => {
  const undescribed = [...fieldsOf(buildJsonSchema(), '')]
    .filter(({ path, schema }) => path !== '' && schema['properties'] !== undefined)
    .flatMap(({ path, schema }) =>
      Object.entries(isRecord(schema['properties']) ? schema['properties'] : {})
        .filter(([, inner]) => !isRecord(inner) || typeof inner['description'] !== 'string')
        .map(([key]) => `${path}.${key}`),
    );
  expect(undescribed).toEqual([]);
});

test('no description is of a field that is gone', () => {
  const known = new Set([...fieldsOf(buildJsonSchema(), '')].map(({ path }) => path));
  const stale = Object.keys(POLICY_DESCRIPTIONS).filter((path) => !known.has(`targets.policy.${path}`));
  expect(stale).toEqual([]);
});

test('an editor accepts the example and a file that leans on defaults, and marks a wrong key', () => {
  const schema = z.fromJSONSchema(buildJsonSchema());
  const accepts = (text: string): boolean => schema.safeParse(parse(text)).success;
  expect(accepts(readFileSync(join(ROOT, 'headroom.example.yaml'), 'utf8'))).toBe(true);
  expect(accepts(configText())).toBe(true);
  expect(accepts('defaults: { engine: postgres, auth: { user: x } }\ntargets: [{ id: a }]')).toBe(true);
  const several = (entry: string) => `defaults: { engine: mysql }\ninstallations: [{ name: eu, ${entry} }]`;
  expect(accepts(several('region: eu-west-1, targets: [{ id: a }]'))).toBe(true);
  expect(accepts(several('targets: [{ id: a, moode: act }]'))).toBe(false);
  expect(accepts(several('regiom: eu-west-1, targets: [{ id: a }]'))).toBe(false);
  expect(accepts('targets: [{ id: a, moode: act }]')).toBe(false);
  expect(accepts('targets: [{ engine: postgres }]')).toBe(false);
});
