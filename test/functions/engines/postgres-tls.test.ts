import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judgeCheck } from '../../../functions/core/check/check.ts';
import type { WorkerSettings } from '../../../functions/core/protocol/worker-settings.ts';
import { openPostgresStage, until, type PostgresStage } from './postgres-stage.ts';
import { beRefused, openWorker, takeSample } from './stage.ts';

/** A certificate for the name `localhost` and no address, and the authority that signed it. */
const CERTIFICATES = join(import.meta.dirname, 'certificates');
const CA = join(CERTIFICATES, 'ca.pem');

let stage: PostgresStage;
beforeAll(async () => {
  stage = await openPostgresStage(18);
  for (const name of ['server.pem', 'server.key']) {
    const text = readFileSync(join(CERTIFICATES, name), 'utf8').trimEnd().replaceAll('\n', '\\n');
    await stage.administer(
      `COPY (SELECT unnest(string_to_array(E'${text}', E'\\n'))) TO PROGRAM 'umask 077; cat > "${stage.server.data}/${name}"'`,
    );
  }
  await stage.administer(`ALTER SYSTEM SET ssl_cert_file = 'server.pem'`);
  await stage.administer(`ALTER SYSTEM SET ssl_key_file = 'server.key'`);
  await stage.administer('ALTER SYSTEM SET ssl = on');
  await stage.administer('SELECT pg_reload_conf()');
  await until(async () => (await look({ mode: 'require', ca: null })) === 'admitted');
});
afterAll(() => stage.stop());

async function look(tls: WorkerSettings['tls'], host = stage.host): Promise<string> {
  const at = (url: string) => {
    const changed = new URL(url);
    changed.hostname = host;
    return changed.href;
  };
  const worker = await openWorker({ ...stage, canaryUrl: at(stage.canaryUrl) }, { tls }, at(stage.responderUrl));
  try {
    const answer = await worker.answer({ schema: 1, kind: 'sample', deadline: Date.now() + 5_000 });
    return answer.ok ? 'admitted' : `${answer.refusal.kind} ${answer.refusal.code}`;
  } finally {
    worker.close();
  }
}

test('verify-full accepts the certificate of the name it was told, signed by the authority it was told', async () => {
  expect(await look({ mode: 'verify-full', ca: CA }, 'localhost')).toBe('admitted');
});

test('verify-full refuses the certificate of another name', async () => {
  expect(await look({ mode: 'verify-full', ca: CA })).toBe('tls ERR_TLS_CERT_ALTNAME_INVALID');
});

test('verify-full refuses an authority that nobody told it to trust', async () => {
  expect(await look({ mode: 'verify-full', ca: null }, 'localhost')).toMatch(/^tls (UNABLE_TO|SELF_SIGNED|DEPTH)/);
});

describe('a check tells', () => {
  async function check(tls: WorkerSettings['tls'], host = stage.host) {
    const url = new URL(stage.responderUrl);
    url.hostname = host;
    const canary = new URL(stage.canaryUrl);
    canary.hostname = host;
    const worker = await openWorker({ ...stage, canaryUrl: canary.href }, { tls }, url.href);
    try {
      const answer = await worker.answer({ schema: 1, kind: 'check', deadline: Date.now() + 10_000 });
      if (!('sources' in answer)) throw new Error('no check');
      return judgeCheck(answer, { engine: 'postgres' }).find(({ id }) => id === 'tls');
    } finally {
      worker.close();
    }
  }

  test('the protocol, and that the server was verified', async () => {
    const found = await check({ mode: 'verify-full', ca: CA }, 'localhost');
    expect(found).toMatchObject({ status: 'ok', detail: 'TLSv1.3, certificate and host name checked' });
  });

  test('that nobody checks who the server is', async () => {
    expect(await check({ mode: 'require', ca: null })).toMatchObject({ status: 'warning' });
  });

  test('which certificates to trust, when these are not the right ones', async () => {
    const found = await check({ mode: 'verify-full', ca: null }, 'localhost');
    expect(found?.status).toBe('failed');
    expect(found?.fix).toContain('set tls.ca to a PEM file');
  });

  test('that the name is another', async () => {
    const found = await check({ mode: 'verify-full', ca: CA });
    expect(found?.status).toBe('failed');
    expect(found?.fix).toContain('the host name that is in');
  });
});

test('require encrypts without asking who it is', async () => {
  const worker = await openWorker(stage, { tls: { mode: 'require', ca: null } });
  await takeSample(worker);
  await stage.administer(
    `DO $$ BEGIN
       ASSERT (SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'headroom_responder');
     END $$`,
  );
  worker.close();
});

test('a server that insists on TLS refuses the unencrypted login as a matter of TLS', async () => {
  await stage.administer(
    `COPY (VALUES ('hostssl all all 127.0.0.1/32 scram-sha-256'), ('hostnossl all postgres 127.0.0.1/32 scram-sha-256'))
     TO '${stage.server.data}/pg_hba.conf'`,
  );
  await stage.administer('SELECT pg_reload_conf()');
  const worker = await openWorker(stage);
  await until(async () => (await beRefused(worker).catch(() => null))?.refusal.kind === 'tls');
  worker.close();
});
