import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MYSQL_FLAVOURS } from '../../../drill/servers/files/mysql-flavours.ts';
import type { WorkerSettings } from '../../../functions/core/protocol/worker-settings.ts';
import { mysqlEngine } from '../../../functions/engines/mysql/engine.ts';
import { Refused, type TlsSettings } from '../../../functions/engines/shared/engine.ts';
import { startForwarder } from '../../support/forwarder.ts';
import { openMysqlStage, type MysqlStage } from './mysql-stage.ts';
import { openWorker, takeSample } from './stage.ts';

/** A certificate for the name `localhost` and no address, and the authority that signed it. */
const CERTIFICATES = join(import.meta.dirname, 'certificates');
const CA = join(CERTIFICATES, 'ca.pem');

describe.each(MYSQL_FLAVOURS)('%s', (flavour) => {
  let stage: MysqlStage;
  let folder: string;
  beforeAll(async () => {
    // Where the server's account can read them.
    folder = mkdtempSync(join(tmpdir(), 'headroom-certificates-'));
    chmodSync(folder, 0o755);
    for (const name of ['server.pem', 'server.key']) {
      copyFileSync(join(CERTIFICATES, name), join(folder, name));
      chmodSync(join(folder, name), 0o644);
    }
    stage = await openMysqlStage({
      flavour,
      performanceSchema: false,
      settings: {
        'ssl-cert': join(folder, 'server.pem'),
        'ssl-key': join(folder, 'server.key'),
        // Without names it does not count what goes wrong with a host.
        'skip-name-resolve': 'OFF',
        ...(flavour === 'mysql' ? { 'tls-version': 'TLSv1.2,TLSv1.3' } : {}),
      },
    });
  });
  afterAll(async () => {
    await stage.stop();
    rmSync(folder, { recursive: true });
  });

  async function look(tls: WorkerSettings['tls'], host = stage.host): Promise<string> {
    const at = (url: string) => {
      const changed = new URL(url);
      changed.hostname = host;
      return changed.href;
    };
    const worker = await openWorker({ ...stage, canaryUrl: at(stage.canaryUrl) }, { tls }, at(stage.responderUrl));
    try {
      const answer = await worker.answer({ schema: 1, kind: 'sample', deadline: Date.now() + 5_000 });
      if (!answer.ok) return `${answer.refusal.kind}: ${answer.refusal.message}`;
      return 'sample' in answer ? `admitted, canary ${answer.sample.canary.result}` : '';
    } finally {
      worker.close();
    }
  }

  test('verify-full accepts the certificate of the name it was told, signed by the authority it was told', async () => {
    expect(await look({ mode: 'verify-full', ca: CA }, 'localhost')).toBe('admitted, canary admitted');
  });

  test('verify-full refuses the certificate of another name, also when that is an address', async () => {
    expect(await look({ mode: 'verify-full', ca: CA })).toMatch(/^tls: .*127\.0\.0\.1 is not in the cert's list/);
  });

  test('verify-full refuses an authority that nobody told it to trust', async () => {
    expect(await look({ mode: 'verify-full', ca: null }, 'localhost')).toMatch(/^tls: .*certificate/);
  });

  test('samples whose TLS handshake fails do not get the host blocked, nor the applications on it', async () => {
    await stage.administer('SET GLOBAL max_connect_errors = 5');
    // The server keeps no count for its own address.
    const forwarder = await startForwarder(stage.port, 0, '127.0.0.2');
    const through = (url: string) => Object.assign(new URL(url), { port: String(forwarder.port) }).href;
    const tls = { mode: 'verify-full', ca: null } as const;
    const worker = await openWorker(
      { ...stage, canaryUrl: through(stage.canaryUrl) },
      { tls },
      through(stage.responderUrl),
    );
    const sampled: string[] = [];
    for (let n = 0; n < 12; n++) {
      const answer = await worker.answer({ schema: 1, kind: 'sample', deadline: Date.now() + 5_000 });
      sampled.push(answer.ok ? 'admitted' : answer.refusal.kind);
    }
    const app = await stage.connect({ user: 'app', password: 'app', port: forwarder.port }).then(
      (connection) => {
        connection.destroy();
        return 'admitted';
      },
      (error: unknown) => String(error),
    );
    worker.close();
    await forwarder.cut();
    await stage.administer('FLUSH HOSTS').catch(() => stage.administer('TRUNCATE TABLE performance_schema.host_cache'));
    expect(app).toBe('admitted');
    expect(sampled).toEqual(Array(12).fill('tls'));
  });

  test('require encrypts without asking who it is', async () => {
    const worker = await openWorker(stage, { tls: { mode: 'require', ca: null } });
    await takeSample(worker);
    const [row] = await stage.ask("SHOW GLOBAL STATUS LIKE 'Ssl_finished_accepts'");
    expect(Number(row?.['Value'])).toBeGreaterThan(0);
    worker.close();
  });

  test('a server that insists on TLS refuses the unencrypted login as a matter of TLS', async () => {
    await stage.administer('SET GLOBAL require_secure_transport = ON');
    const refused = await look({ mode: 'disable', ca: null });
    await stage.administer('SET GLOBAL require_secure_transport = OFF');
    // MariaDB answers as to a wrong password.
    expect(refused).toMatch(flavour === 'mysql' ? /^tls: / : /^authentication: .*may insist on TLS/);
  });
});

describe('a server that asks for the password in the clear, as IAM authentication does,', () => {
  const password = 'a-token-of-fifteen-minutes';

  test('gets it over TLS', async () => {
    expect(await tell({ mode: 'verify-full', ca: readFileSync(CA, 'utf8') })).toEqual({ heard: password });
  });

  test('does not get it otherwise, and the refusal says why without it', async () => {
    const { heard, refusal } = await tell({ mode: 'disable', ca: null });
    expect(heard).toBeNull();
    expect(refusal).toMatchObject({ kind: 'authentication' });
    expect(JSON.stringify(refusal)).not.toContain(password);
  });

  async function tell(tls: TlsSettings) {
    const server = createServer((socket) => void askInTheClear(socket, tls.mode !== 'disable')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    let heard: string | null = null;
    const askInTheClear = async (socket: Socket, isEncrypted: boolean) => {
      socket.on('error', () => undefined);
      socket.write(packet(0, GREETING));
      let clear: Socket = socket;
      let sequence = 1;
      if (isEncrypted) {
        // The request for TLS, and not a byte more.
        await once(socket, 'readable');
        socket.read(36);
        const [cert, key] = ['server.pem', 'server.key'].map((name) => readFileSync(join(CERTIFICATES, name)));
        clear = new TLSSocket(socket, { isServer: true, cert, key });
        clear.on('error', () => undefined);
        sequence = 2;
      }
      await once(clear, 'data');
      clear.write(packet(sequence + 1, Buffer.from('\xfemysql_clear_password\0\0', 'latin1')));
      clear.once('data', (answer: Buffer) => {
        heard = answer.subarray(4, -1).toString();
        clear.destroy();
      });
    };
    const login = { host: 'localhost', port, database: '', user: 'iam', password, tls };
    const refused: unknown = await mysqlEngine.tryCanaryLogin(login, 'any', 2_000).catch((error: unknown) => error);
    server.close();
    if (heard !== null) return { heard };
    return { heard, refusal: refused instanceof Refused ? refused.refusal : null };
  }
});

/** A server's first words: version 10 of the protocol, with TLS and pluggable authentication. */
const GREETING = Buffer.concat([
  Buffer.from('\x0a8.0.40\0', 'latin1'),
  Buffer.from('01000000' + '4142434445464748' + '00' + '00aa' + 'ff' + '0200' + '3800' + '15', 'hex'),
  Buffer.alloc(10),
  Buffer.from('ABCDEFGHIJKL\0mysql_native_password\0', 'latin1'),
]);

function packet(sequence: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([body.length & 255, body.length >> 8, 0, sequence]), body]);
}
