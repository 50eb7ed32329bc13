import type { CheckFacts, Right, Trial } from '../protocol/check-facts.ts';
import { explainCanary, fixFor, OWN_LOGINS, refusalWords } from '../server/refusal.ts';
import type { Canary, EngineName } from '../server/snapshot.ts';
import { count } from '../words/count.ts';
import { printable } from '../words/printable.ts';
import { failed, fine, joinFixes, listNames, notReached, shown, warning, type CheckFinding } from './finding.ts';

/** What Headroom's two logins may do, and whether they get in. */
export function checkTrial({ right, result, detail, fix }: Trial): CheckFinding {
  const words = printable(detail, 200);
  switch (result) {
    case 'worked':
    case 'granted':
      return fine(right, words);
    case 'denied':
      return failed(right, words, joinFixes(fix));
    case 'busy':
      return warning(
        right,
        words,
        'check again while no incident is open; if it is still taken, find who else runs Headroom on this server',
      );
  }
}

export function checkVisibility({ sight, trials }: CheckFacts): CheckFinding {
  const { others, hidden } = sight;
  if (hidden > 0) {
    const seeing: readonly Right[] = ['see-sessions', 'see-transactions', 'see-locks'];
    const fixes = trials.filter(({ right }) => seeing.includes(right)).flatMap(({ fix }) => fix);
    return failed(
      'visibility',
      `the responder cannot see what ${hidden} of ${others} sessions of other users do, so Headroom never acts`,
      fixes.length > 0 ? joinFixes(fixes) : 'run the statements of `headroom grants` as an administrator',
    );
  }
  return fine('visibility', others === 0 ? 'there are none right now' : `${others} of ${others}`);
}

export function checkReserve({ reserve }: CheckFacts): CheckFinding {
  const words = printable(reserve.detail, 200);
  if (reserve.slots > 0) return fine('reserve', words);
  if (reserve.isOffered) return failed('reserve', words, joinFixes(reserve.fix));
  return warning('reserve', words, ['keep the worker warm, as its sampler does', ...reserve.fix].join('; or '));
}

export function checkCanary(canary: Canary, source: string | null, engine: EngineName): CheckFinding {
  if (source === null || canary.result === 'unknown') {
    return warning(
      'canary',
      'not configured: Headroom cannot test whether ordinary clients get in, and judges relief by usage alone',
      'create it with the statements of `headroom grants`, and set auth.canaryVariable (or canarySecretArn)',
    );
  }
  if (canary.result === 'admitted') return fine('canary', `as ordinary clients do, in ${Math.round(canary.tookMs)} ms`);
  const { refusal } = canary;
  if (refusal.kind !== 'full') {
    return failed('canary', explainCanary(refusal, engine).why, fixFor(refusal, source, engine));
  }
  return failed(
    'canary',
    `ordinary clients are refused right now: ${refusalWords(refusal)}`,
    'run `headroom respond`: the server is full',
  );
}

export function checkPowers({ powers }: CheckFacts, { result }: Canary): CheckFinding {
  if (powers === null) {
    const why = {
      unknown: 'no canary is configured',
      refused: 'it does not get in',
      admitted: 'it did not get in a second time',
    };
    return notReached('canary-ordinary', why[result]);
  }
  if (powers.length === 0) return fine('canary-ordinary', 'it may only connect');
  return failed(
    'canary-ordinary',
    `it may do more than connect: ${listNames(powers)}`,
    // Nothing is taken away: whoever else uses this login may live on it.
    OWN_LOGINS,
  );
}

/** Nothing is taken from a login that is not Headroom's own: an administrator stays one. */
export function checkOwnLogins({ strangers, login }: CheckFacts): CheckFinding {
  const user = shown(login.user);
  const wrong = [
    ...(login.isCanarysToo
      ? [`responder and canary are one login, ${user}, and do not stand for ordinary clients`]
      : []),
    ...(['responder', 'canary'] as const)
      .filter((whose) => strangers[whose] > 0)
      .map((whose) => `the ${whose}’s login is also used by ${count(strangers[whose], 'session')} of others`),
  ];
  const tooMuch = [
    ...(login.isAdministrator ? ['is an administrator’s, and may do far more than Headroom needs'] : []),
    ...(login.isApplications && !login.isAdministrator ? ['has rights on tables, as an application’s has'] : []),
  ].map((what) => `the responder’s login, ${user}, ${what}`);
  const words = [...wrong, ...tooMuch].join('; ');
  if (wrong.length > 0) return failed('own-logins', words, OWN_LOGINS);
  if (tooMuch.length > 0) return warning('own-logins', words, OWN_LOGINS);
  return fine('own-logins', 'no session of others has them right now');
}

/** A login that is not Headroom's own stays as it is, whatever Headroom would need of it. */
export function leavingShared({ strangers, login }: CheckFacts, finding: CheckFinding): CheckFinding {
  const isShared = strangers.responder + strangers.canary > 0;
  const isOwn = !isShared && !login.isCanarysToo && !login.isAdministrator && !login.isApplications;
  return isOwn || finding.fix === null ? finding : { ...finding, fix: OWN_LOGINS };
}

export function checkLoginLimits({ loginLimits }: CheckFacts): CheckFinding {
  if (loginLimits.length === 0) return fine('login-limits', 'neither on its logins nor on their database');
  const words = loginLimits.map((limit) => `${printable(limit.of)} ${printable(limit.detail, 120)}`).join('; ');
  return warning('login-limits', words, joinFixes(loginLimits.map(({ fix }) => fix)));
}
