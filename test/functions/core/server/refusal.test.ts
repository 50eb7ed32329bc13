import { describe, expect, test } from 'vitest';
import { explainCanary, explainRefusal, fixFor } from '../../../../functions/core/server/refusal.ts';
import { ENGINE_NAMES, type Refusal } from '../../../../functions/core/server/snapshot.ts';

const full: Refusal = { kind: 'full', code: 'ER_CON_COUNT_ERROR', message: 'Too many connections' };
const page = (engine: (typeof ENGINE_NAMES)[number], isRds: boolean) =>
  explainRefusal(full, { endpoint: 'db:3306', engine, waitedMs: 30_000, isRds }).advice.join('\n');

describe('a page from a locked-out worker', () => {
  test('offers the extra slot where an administrator can grant it', () => {
    expect(page('mysql', false)).toContain('GRANT CONNECTION_ADMIN ON *.*');
    expect(page('mariadb', false)).toContain('GRANT CONNECTION ADMIN ON *.*');
  });

  test('offers it on RDS for Aurora MySQL 3 alone: RDS for MySQL and MariaDB refuse the grant', () => {
    expect(page('mysql', true)).toContain('on Aurora MySQL 3 the master user can also grant the extra slot');
    expect(page('mysql', true)).not.toContain('give the responder the extra slot');
    expect(page('mariadb', true)).not.toContain('GRANT');
    for (const engine of ['mysql', 'mariadb'] as const) expect(page(engine, true)).toContain('keep the sampler on');
  });
});

test.each(ENGINE_NAMES)('%s: a token that is refused leads to all that IAM authentication needs', (engine) => {
  // As RDS answers when IAM authentication is off, or the policy or the login lacks something.
  const message = {
    postgres: 'PAM authentication failed for user "headroom_responder"',
    mysql: "Plugin 'AWSAuthenticationPlugin' is not loaded",
    mariadb: "Access denied for user 'headroom_responder'@'10.0.0.1' (using password: YES)",
  }[engine];
  const refusal: Refusal = { kind: 'iam-refused', code: '', message };
  const { why, advice } = explainRefusal(refusal, { endpoint: 'db', engine, waitedMs: 0, isRds: true });
  expect(why).toContain(message);
  for (const words of [advice.join(), fixFor(refusal, 'the IAM login headroom_responder', engine)]) {
    expect(words).toContain('--enable-iam-database-authentication');
    expect(words).toContain(engine === 'postgres' ? 'rds_iam' : 'AWSAuthenticationPlugin');
    expect(words).toContain('resourceId');
  }
});

describe('a canary that is refused', () => {
  const canary = (kind: Refusal['kind'], message = 'no') => explainCanary({ kind, code: '', message }, 'postgres');

  test('at a limit of its own is not broken, and the limit is what to raise', () => {
    const { why, advice } = canary('consumer-full', 'too many connections for role "headroom_canary"');
    expect(why).toContain('connection limit of the canary’s own is reached, which says nothing about the server');
    expect(why).not.toContain('cannot log in');
    expect(advice.join()).toMatch(/CONNECTION LIMIT -1/);
    expect(advice.join()).not.toContain('headroom grants');
  });

  test('for want of threads or memory stands for every ordinary client', () => {
    expect(canary('out-of-resources').why).toContain('ordinary clients are refused, and not for lack of slots');
  });

  test('by its password is what is to be repaired', () => {
    expect(canary('authentication').why).toContain('the canary cannot log in, and not for lack of slots');
    expect(canary('authentication').advice.join()).toContain('headroom grants');
  });
});
