import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { WorkerSettings } from '../core/protocol/worker-settings.ts';
import type { Refusal } from '../core/server/snapshot.ts';
import { errorWords } from '../core/words/error-words.ts';
import { Refused, type Login, type TlsSettings } from '../engines/shared/engine.ts';
import { parseLoginUrl, type UrlScheme } from '../engines/shared/doors/login-url.ts';

/** Where logins come from. Each may throw Refused; `isFresh` asks for credentials that were not used before. */
export interface Logins {
  responder(isFresh: boolean): Promise<Login>;
  /** Null when no canary is configured. */
  canary(isFresh: boolean): Promise<Login | null>;
  /** A refused password may just be out of date. */
  readonly canRefresh: boolean;
}

/** What a worker uses of the process it runs in. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What a relative path of a CA file starts from. */
  readonly folder: string;
}

/**
 * Throws at once, naming the field, when the settings cannot work. `host`: where the member of a cluster listens, in
 * place of what settings or URL say; null where the worker has one server.
 */
export function loginsOf(
  settings: WorkerSettings,
  url: UrlScheme,
  surroundings: Surroundings,
  host: string | null,
): Logins {
  const { auth } = settings;
  const tls = readTls(settings.tls, surroundings.folder);
  switch (auth.mode) {
    case 'url': {
      const loginAt = (variable: string): Login => {
        const text = surroundings.env[variable];
        if (!text) throw new Error(`${variable}: this environment variable must hold the URL to log in with; set it`);
        const login = { ...parseLoginUrl(text, variable, url), tls };
        return host === null ? login : { ...login, host };
      };
      const responder = loginAt(auth.variable);
      const canary = auth.canaryVariable === null ? null : loginAt(auth.canaryVariable);
      return { canRefresh: false, responder: () => Promise.resolve(responder), canary: () => Promise.resolve(canary) };
    }
    case 'iam': {
      const place = placeOf(settings, url, host);
      const login = async (user: string): Promise<Login> => {
        const { signIamToken } = await import('../aws/clients/credentials.ts');
        const password = await asRefusal(
          signIamToken({ region: auth.region, host: place.host, port: place.port, user }),
        );
        return { ...place, user, password, isToken: true, tls };
      };
      return { canRefresh: false, responder: () => login(auth.user), canary: () => login(auth.canaryUser) };
    }
    case 'secret': {
      const place = placeOf(settings, url, host);
      const cache = new Map<string, Login>();
      const login = async (arn: string, isFresh: boolean): Promise<Login> => {
        const cached = cache.get(arn);
        if (cached !== undefined && !isFresh) return cached;
        const { readSecret } = await import('../aws/clients/credentials.ts');
        const { username, password } = await asRefusal(readSecret(auth.region, arn));
        const found = { ...place, user: username, password, tls };
        cache.set(arn, found);
        return found;
      };
      const { canarySecretArn } = auth;
      return {
        canRefresh: true,
        responder: (isFresh) => login(auth.secretArn, isFresh),
        canary: (isFresh) => (canarySecretArn === null ? Promise.resolve(null) : login(canarySecretArn, isFresh)),
      };
    }
  }
}

function placeOf({ host: own, port, database }: WorkerSettings, url: UrlScheme, member: string | null) {
  const host = member ?? own;
  if (host === null) throw new Error('host: is missing; only with auth mode "url" does the URL name it');
  return { host, port: port ?? url.defaultPort, database: database ?? url.defaultDatabase };
}

function readTls({ mode, ca }: WorkerSettings['tls'], folder: string): TlsSettings {
  if (ca === null) return { mode, ca: null };
  const path = resolve(folder, ca);
  try {
    return { mode, ca: readFileSync(path, 'utf8') };
  } catch (cause) {
    throw new Error(`tls.ca: cannot read ${path}; name a PEM file with the certificates to trust`, { cause });
  }
}

/** Credentials that cannot be read keep us out just as wrong ones do. */
async function asRefusal<T>(credentials: Promise<T>): Promise<T> {
  try {
    return await credentials;
  } catch (cause) {
    const message = errorWords(cause);
    const refusal: Refusal = { kind: 'authentication', code: cause instanceof Error ? cause.name : '', message };
    throw new Refused(refusal, { cause });
  }
}
