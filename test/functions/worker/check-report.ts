import type { CheckFinding, CheckId } from '../../../functions/core/check/finding.ts';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
import type { CheckAnswer } from '../../../functions/core/protocol/worker.ts';
import type { Worker } from '../../../functions/worker/worker.ts';

export async function askForCheck(worker: Worker): Promise<CheckAnswer> {
  const answer = await worker.answer({ schema: SCHEMA, kind: 'check', deadline: Date.now() + 20_000 });
  if (!('sources' in answer)) throw new Error('no check in the answer');
  return answer;
}

export function pick(findings: readonly CheckFinding[], id: CheckId): CheckFinding {
  const found = findings.find((finding) => finding.id === id);
  if (found === undefined) throw new Error(`there is no finding ${id}`);
  return found;
}

export function idsOf(findings: readonly CheckFinding[], status: CheckFinding['status']): CheckId[] {
  return findings.filter((finding) => finding.status === status).map(({ id }) => id);
}

/** Runs a fix as an administrator who copies it would: statement by statement. */
export async function runFix(
  { fix }: CheckFinding,
  administer: (statement: string) => Promise<unknown>,
): Promise<void> {
  for (const statement of (fix ?? '').split('; ')) await administer(statement);
}
