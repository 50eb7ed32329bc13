import type { Finding } from '../../functions/core/check/finding.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { isDenied } from './aws-errors.ts';

/** What is checked of an installation from outside, with its title, in the order of the report. The ids are stable. */
const CHECKS = {
  stacks: 'stacks are deployed',
  version: 'deployed by this version',
  functions: 'functions can be called',
  deployed: 'the configuration is the deployed one',
  permissions: 'functions have their permissions',
  alarms: 'alarms are fed',
  subscriptions: 'subscriptions are confirmed',
  deliveries: 'notices are delivered',
} as const;

export type InstallationCheckId = keyof typeof CHECKS;

/** As the findings of a target. `not-reached`: it was not tried, or what it depends on is missing. */
export type InstallationFinding = Finding<InstallationCheckId>;

/** Something that is not as it should be. */
export interface Problem {
  readonly status: 'warning' | 'failed';
  readonly detail: string;
  readonly fix: string;
}

/** One finding for all that is wrong with one thing; `fine` says what was seen where nothing is. */
export function findingOf(id: InstallationCheckId, fine: string, problems: readonly Problem[]): InstallationFinding {
  const title = CHECKS[id];
  if (problems.length === 0) return { id, title, status: 'ok', detail: fine, fix: null };
  return {
    id,
    title,
    status: problems.some(({ status }) => status === 'failed') ? 'failed' : 'warning',
    detail: problems.map(({ detail }) => detail).join('; '),
    fix: [...new Set(problems.map(({ fix }) => fix))].join('\n  '),
  };
}

export function notTried(id: InstallationCheckId, why: string): InstallationFinding {
  return { id, title: CHECKS[id], status: 'not-reached', detail: why, fix: null };
}

/** A check that the credentials do not allow says so, and fails nothing. Throws every other error. */
export async function tried(
  id: InstallationCheckId,
  right: string,
  check: () => Promise<InstallationFinding>,
): Promise<InstallationFinding> {
  try {
    return await check();
  } catch (error) {
    if (!isDenied(error)) throw error;
    return notTried(id, `not tried: it takes ${right} (${errorWords(error)})`);
  }
}
