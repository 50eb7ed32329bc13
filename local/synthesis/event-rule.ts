import * as z from 'zod';
import { problemsIn } from '../../functions/core/protocol/zod-words.ts';

/** The one target of an EventBridge rule: the function it invokes and what it sends. */
export interface RuleTarget {
  readonly functionName: string;
  /** What the function gets for an event: the event, a constant, or what the rule's template makes of it. */
  readonly toPayload: (event: unknown) => unknown;
}

const target = z.object({
  Arn: z.string().regex(/:function:/, 'the local runtime runs rules that lead to a function'),
  Input: z.string().optional(),
  InputPath: z.never('the local runtime does not evaluate InputPath').optional(),
  InputTransformer: z
    .object({
      InputTemplate: z.string(),
      InputPathsMap: z.record(z.string(), z.never('the local runtime knows <aws.events.event.json> only')).optional(),
    })
    .optional(),
});

/** Throws when the rule has anything but one target, or a target with what the local runtime does not evaluate. */
export function readRule(name: string, targets: readonly unknown[]): RuleTarget {
  const parsed = z.tuple([target]).safeParse(targets);
  if (!parsed.success) throw new Error(`rule ${name}: ${problemsIn(parsed.error, 'targets').join('; ')}`);
  const [{ Arn, Input: constant, InputTransformer: transformer }] = parsed.data;
  const functionName = Arn.slice(Arn.lastIndexOf(':') + 1);
  if (constant !== undefined) return { functionName, toPayload: () => JSON.parse(constant) as unknown };
  if (transformer === undefined) return { functionName, toPayload: (event) => event };
  return { functionName, toPayload: (event) => fillTemplate(name, transformer.InputTemplate, event) };
}

/** In a template `<…>` is a variable; `aws.events.event.json` is the whole event. */
function fillTemplate(rule: string, template: string, event: unknown): unknown {
  const filled = template.replaceAll(/"?<([^<>]*)>"?/g, (whole, variable: string) => {
    if (whole === '<aws.events.event.json>') return JSON.stringify(event);
    throw new Error(`rule ${rule}: the local runtime knows no variable <${variable}> of an input template`);
  });
  return JSON.parse(filled) as unknown;
}
