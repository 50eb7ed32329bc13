import { loginsOf } from '../../functions/worker/logins.ts';
import { engineEntry } from '../../functions/engines/registry.ts';
import { toWorkerSettings, warningsOf, type HeadroomConfig, type Target } from '../../lib/config.ts';
import { takeSnapshot } from '../snapshot.ts';
import { checkAdmission } from './admission.ts';
import { checkCanary } from './canary.ts';
import { unknown, warning, type DoctorFinding } from './finding.ts';
import { checkServer } from './server.ts';

/** Everything a target needs, looked at from here. A login that fails is a finding; throws when the settings cannot work. */
export async function examine(
  config: HeadroomConfig,
  target: Target,
  environment: NodeJS.ProcessEnv,
): Promise<DoctorFinding[]> {
  const settings = toWorkerSettings(config, target);
  const logins = loginsOf(settings, engineEntry(settings.engine).url, { env: environment, folder: process.cwd() });
  const { auth, tls } = target;
  const [variable, canaryVariable] = auth.mode === 'url' ? [auth.variable, auth.canaryVariable] : ['', undefined];
  const answer = await takeSnapshot(config, target, environment);
  const admission = checkAdmission(answer.ok ? null : answer.refusal, tls.mode, variable);
  const advice = warningsOf(config, 'local').map((words) =>
    warning('configuration', words, 'see the policy reference'),
  );
  if (!answer.ok) return [...admission, unknown('everything else', 'could not be looked at: no login'), ...advice];
  const responder = await logins.responder(false);
  return [
    ...admission,
    ...checkServer(answer.snapshot, answer.admission, target, responder.database),
    ...(await checkCanary(answer.snapshot.canary, await logins.canary(false), canaryVariable)),
    ...advice,
  ];
}
