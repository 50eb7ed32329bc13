import type { CheckFacts, LoginSources } from '../core/protocol/check-facts.ts';
import type { WorkerSettings } from '../core/protocol/worker-settings.ts';
import type { Canary } from '../core/server/snapshot.ts';
import type { EngineSession } from '../engines/shared/engine.ts';
import { timeLeft } from '../engines/shared/within.ts';
import type { Access } from './admission.ts';
import { tryCanary } from './canary.ts';

/**
 * The canary logs in as for every sample. When it gets in, it does so once more, for the responder to try its rights
 * on.
 */
export async function runCheck(
  access: Access,
  session: EngineSession,
  deadline: number,
): Promise<{ readonly check: CheckFacts; readonly canary: Canary }> {
  const canary = await tryCanary(access, await session.sample(timeLeft(deadline)), { deadline, isRoutine: false });
  // Also when it proves nothing: the session is ours, whoever else has the login.
  const isIn = canary.result === 'admitted' || (canary.result === 'refused' && canary.refusal.kind === 'unfit-login');
  const decoy = isIn ? await access.logins.canary(false) : null;
  return { check: await session.check(decoy, timeLeft(deadline)), canary };
}

/** Where a person finds and repairs the logins. */
export function sourcesOf({ auth, tls }: WorkerSettings): LoginSources {
  switch (auth.mode) {
    case 'url':
      return {
        responder: `the URL in ${auth.variable}`,
        canary: auth.canaryVariable === null ? null : `the URL in ${auth.canaryVariable}`,
        tlsMode: tls.mode,
      };
    case 'iam':
      return {
        responder: `the IAM login ${auth.user}`,
        canary: `the IAM login ${auth.canaryUser}`,
        tlsMode: tls.mode,
      };
    case 'secret':
      return {
        responder: `the secret ${auth.secretArn}`,
        canary: auth.canarySecretArn === null ? null : `the secret ${auth.canarySecretArn}`,
        tlsMode: tls.mode,
      };
  }
}
