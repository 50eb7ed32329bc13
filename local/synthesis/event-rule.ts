import * as z from 'zod';
import { problemsIn } from '../../functions/core/protocol/zod-words.ts';

const target = z.object({
  Arn: z.string().regex(/:function:/, 'the local runtime runs rules that lead to a function'),
  Input: z.never('the local runtime hands the event on as it is').optional(),
  InputPath: z.never('the local runtime hands the event on as it is').optional(),
  InputTransformer: z.never('the local runtime hands the event on as it is').optional(),
});

/**
 * The function that an EventBridge rule invokes, with the event as it is. Throws when the rule has anything but one
 * target, or makes something else of the event.
 */
export function readRule(name: string, targets: readonly unknown[]): string {
  const parsed = z.tuple([target]).safeParse(targets);
  if (!parsed.success) throw new Error(`rule ${name}: ${problemsIn(parsed.error, 'targets').join('; ')}`);
  const [{ Arn }] = parsed.data;
  return Arn.slice(Arn.lastIndexOf(':') + 1);
}
