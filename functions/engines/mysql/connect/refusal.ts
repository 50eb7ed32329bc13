import type { Refusal, RefusalKind } from '../../../core/server/snapshot.ts';
import { codeOf, kindOfLost, tidy } from '../../shared/driver-error.ts';
import { ConnectionLost, Refused, type Login } from '../../shared/engine.ts';
import { POOLER_ANSWERS, withoutPassword } from '../../shared/login.ts';
import { isServerError } from './connection.ts';

/** Why a login failed, from the error the driver threw. */
export function refusalOf(error: unknown, login: Pick<Login, 'password' | 'tls'>): Refusal {
  if (error instanceof Refused) return error.refusal;
  if (error instanceof ConnectionLost && error.cause !== undefined) return refusalOf(error.cause, login);
  const code = codeOf(error);
  const message = error instanceof Error && error.message !== '' ? error.message : code || String(error);
  if (!isServerError(error)) return { kind: kindOfClientError(code, message), code, message: tidy(message) };
  const namedCode = code === '' ? String(error.errno) : code;
  if (isOfPooler(error.errno, message)) {
    return { kind: 'wrong-server', code: namedCode, message: tidy(`${POOLER_ANSWERS}; it says: ${message}`) };
  }
  const kind = kindOfServerError(error.errno);
  return { kind, code: namedCode, message: tidy([message, ...adviceOn(error.errno, kind, login)].join('; ')) };
}

function adviceOn(errno: number, kind: RefusalKind, { password, tls }: Pick<Login, 'password' | 'tls'>): string[] {
  const missing = withoutPassword(kind, password);
  if (missing.length > 0) return missing;
  if (tls.mode === 'disable' && errno === 1045) return [MAY_INSIST];
  return ADVICE[errno] === undefined ? [] : [ADVICE[errno]];
}

/**
 * ProxySQL, MySQL Router and RDS Proxy refuse with the server's own numbers when they themselves are full; ProxySQL and
 * RDS Proxy have numbers from 9000 on too, which no server has.
 */
function isOfPooler(errno: number, message: string): boolean {
  if (errno >= 9_000 && errno < 10_000) return true;
  return /^ProxySQL Error: |to MySQL Router$|simultaneous connections exceeded|rate limit exceeded/.test(message);
}

/** An account that requires TLS, and a MariaDB server that requires it of all, answer as to a wrong password. */
const MAY_INSIST = 'if the password is right, the server may insist on TLS: set tls.mode';

const ADVICE: Readonly<Record<number, string>> = {
  1193: 'MySQL before 8.0 and MariaDB before 10.6 are not supported',
  1820: 'its password has expired: ALTER USER … PASSWORD EXPIRE NEVER',
  1862: 'its password has expired: ALTER USER … PASSWORD EXPIRE NEVER',
};

function kindOfServerError(errno: number): RefusalKind {
  switch (errno) {
    case 1040: // ER_CON_COUNT_ERROR, which may come before the handshake: then no password was looked at.
      return 'full';
    case 1203: // ER_TOO_MANY_USER_CONNECTIONS
    case 1226: // ER_USER_LIMIT_REACHED
      return 'consumer-full';
    case 1037: // ER_OUTOFMEMORY
    case 1041: // ER_OUT_OF_RESOURCES
    case 1135: // ER_CANT_CREATE_THREAD
      return 'out-of-resources';
    case 1129: // ER_HOST_IS_BLOCKED
      return 'host-blocked';
    case 1045: // ER_ACCESS_DENIED_ERROR
    case 1130: // ER_HOST_NOT_PRIVILEGED
    case 1251: // ER_NOT_SUPPORTED_AUTH_MODE
    case 1524: // ER_PLUGIN_IS_NOT_LOADED
    case 1698: // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
    case 1820: // ER_MUST_CHANGE_PASSWORD
    case 1862: // ER_MUST_CHANGE_PASSWORD_LOGIN
    case 3118: // ER_ACCOUNT_HAS_BEEN_LOCKED (MySQL)
    case 3955: // ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK
    case 4151: // ER_ACCOUNT_HAS_BEEN_LOCKED (MariaDB)
      return 'authentication';
    case 1044: // ER_DBACCESS_DENIED_ERROR: also for a database that does not exist, when the login has no right to it.
    case 1049: // ER_BAD_DB_ERROR
      return 'missing-database';
    case 3159: // ER_SECURE_TRANSPORT_REQUIRED
      return 'tls';
    case 1053: // ER_SERVER_SHUTDOWN
    case 3032: // ER_SERVER_OFFLINE_MODE
      return 'starting';
    default:
      return 'other';
  }
}

function kindOfClientError(code: string, message: string): RefusalKind {
  const lost = kindOfLost(code);
  if (lost !== null) return lost;
  if (/^HANDSHAKE_(NO_SSL|SSL)|CERT|SIGNATURE|ISSUER|^ERR_TLS|^ERR_SSL|^ERR_OSSL|^EPROTO$/.test(code)) return 'tls';
  if (/^AUTH_SWITCH|CLEAR_PASSWORD/.test(code) || /password/i.test(message)) return 'authentication';
  return 'other';
}
