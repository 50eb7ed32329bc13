import * as z from 'zod';
import { problemsIn } from '../../functions/core/protocol/zod-words.ts';
import { ApiError } from '../machine/api-error.ts';

/** For every field of the shape: a schema whose values the SDK's input type has, or no schema at all. */
type ShapeOf<Input, Shape> = {
  [Name in keyof Shape]: Name extends keyof Input ? z.ZodType<Input[Name]> : never;
};

/**
 * A schema for the fields of an operation that a stand-in honours. It is tied to the SDK's own input type: a field that
 * the SDK does not have, or has with another type, does not compile. At run time any other field is refused, because to
 * ignore it would be to answer another question than was asked.
 */
export function requestOf<Input>() {
  return <Shape extends z.ZodRawShape & ShapeOf<Input, Shape>>(shape: Shape) => z.strictObject(shape);
}

/** Throws ValidationException with every problem. */
export function checkRequest<T>(schema: z.ZodType<T>, operation: string, request: unknown): T {
  const parsed = schema.safeParse(request);
  if (parsed.success) return parsed.data;
  const problems = problemsIn(parsed.error, 'request').join('; ');
  throw new ApiError('ValidationException', `${operation}, as far as the local runtime stands in for it: ${problems}`);
}

/** One page of a list, and the token of the next. */
export function pageOf<T>(
  all: readonly T[],
  size: number,
  token: string | undefined,
): { page: readonly T[]; next?: string } {
  const from = Number(token ?? 0);
  if (!Number.isInteger(from) || from < 0) throw new ApiError('InvalidToken', `Invalid Token: '${token ?? ''}'`);
  const to = from + size;
  return { page: all.slice(from, to), ...(to < all.length ? { next: String(to) } : {}) };
}
