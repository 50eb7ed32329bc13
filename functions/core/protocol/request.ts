import type * as z from 'zod/mini';
import { BadRequest, SchemaMismatch } from './errors.ts';
import { SCHEMA } from './schema.ts';
import { problemsIn } from './zod-words.ts';

/** Parses a payload between functions. Throws SchemaMismatch for another version's, BadRequest for any other fault. */
export function parseRequest<T>(schema: z.ZodMiniType<T>, payload: unknown): T {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  const found = typeof payload === 'object' && payload !== null && 'schema' in payload ? payload.schema : undefined;
  if (found !== undefined && found !== SCHEMA) throw new SchemaMismatch(found, SCHEMA);
  throw new BadRequest(problemsIn(parsed.error, 'payload').join('; '));
}
