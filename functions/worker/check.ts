import type { CheckFacts, LoginSources } from '../core/protocol/check-facts.ts';
import type { WorkerSettings } from '../core/protocol/worker-settings.ts';
import type { Canary } from '../core/server/snapshot.ts';
import type { Engine, EngineSession } from '../engines/shared/engine.ts';
import type { Logins } from './logins.ts';
import { knockAsCanary } from './canary.ts';

/** The canary knocks as it does for every sample; when it gets in, it comes again for the responder to try its rights on. */
export async function examine(
  session: EngineSession,
  engine: Engine,
  logins: Logins,
  deadline: number,
): Promise<{ readonly check: CheckFacts; readonly canary: Canary }> {
  const left = () => Math.max(1, deadline - Date.now());
  const canary = await knockAsCanary(engine, logins, left());
  const decoy = canary.result === 'admitted' ? await logins.canary(false) : null;
  return { check: await session.check(decoy, left()), canary };
}

/** Where a person finds and mends the logins. */
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
