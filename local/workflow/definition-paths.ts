import * as z from 'zod';

const STEP = String.raw`(?:\.[A-Za-z_][A-Za-z0-9_-]*|\[\d+\])`;

/** A reference to one place of the state's input. Filters, wildcards and variables are not among them. */
export const plainPath = z
  .string()
  .regex(new RegExp(String.raw`^\$${STEP}*$`), 'use a plain reference path such as $.incidentId');

const CONTEXT = new RegExp(
  String.raw`^\$\$\.(?:Execution\.(?:Id|Name|StartTime|Input${STEP}*)|StateMachine\.(?:Id|Name)|Task\.Token)$`,
);
const INTRINSIC = /^States\.(?:Format|Array|JsonToString|StringToJson|MathAdd)\(.*\)$/;

/** `$` itself would become a field of that name. */
export const resultPath = z
  .string()
  .regex(/^\$(?:\.[A-Za-z_][A-Za-z0-9_]*)+$/, 'use null or a path below the input such as $.result')
  .nullable();

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Any JSON object, with references in the fields whose names end in `.$`. */
export const payloadTemplate = z.record(z.string(), z.json()).superRefine((template, issues) => {
  for (const { path, problem } of referenceProblems(template))
    issues.addIssue({ code: 'custom', path, message: problem });
});

const TASK_TOKEN = '$$.Task.Token';

/** Whether a template hands the token of its task on, anywhere in it. */
export function usesTaskToken(template: unknown): boolean {
  if (typeof template !== 'object' || template === null) return false;
  return Object.values(template).some((inner) => inner === TASK_TOKEN || usesTaskToken(inner));
}

function referenceProblems(
  value: Json,
  path: (string | number)[] = [],
): { path: (string | number)[]; problem: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (!key.endsWith('.$')) return referenceProblems(inner, [...path, key]);
    const isKnown =
      typeof inner === 'string' && (plainPath.safeParse(inner).success || CONTEXT.test(inner) || INTRINSIC.test(inner));
    return isKnown
      ? []
      : [
          {
            path: [...path, key],
            problem: `${JSON.stringify(inner)} is none of the references that run locally as on AWS: a plain path, $$.Execution.Id, Name, StartTime or Input, $$.StateMachine.Id or Name, $$.Task.Token, States.Format, Array, JsonToString, StringToJson or MathAdd`,
          },
        ];
  });
}
