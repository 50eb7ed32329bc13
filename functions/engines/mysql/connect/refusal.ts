import type { Refusal, RefusalKind } from '../../../core/server/snapshot.ts';
import { codeOf, NETWORK_CODES, tidy } from '../../shared/driver-error.ts';
import { ConnectionLost, Refused, type TlsSettings } from '../../shared/engine.ts';
import { isServerError } from './connection.ts';

/** Why a login failed, from the error the driver threw. `mode`: how that login was protected. */
export function refusalOf(error: unknown, mode: TlsSettings['mode']): Refusal {
  if (error instanceof Refused) return error.refusal;
  if (error instanceof ConnectionLost && error.cause !== undefined) return refusalOf(error.cause, mode);
  const code = codeOf(error);
  const message = error instanceof Error && error.message !== '' ? error.message : code || String(error);
  if (!isServerError(error)) return { kind: kindOfClientError(code, message), code, message: tidy(message) };
  const advice = mode === 'disable' && error.errno === 1045 ? MAY_INSIST : ADVICE[error.errno];
  return {
    kind: kindOfServerError(error.errno),
    code: code === '' ? String(error.errno) : code,
    message: tidy(advice === undefined ? message : `${message}; ${advice}`),
  };
}

/** An account that requires TLS, and a MariaDB server that requires it of all, answer as to a wrong password. */
const MAY_INSIST = 'if the password is right, the server may insist on TLS: set tls.mode';

const ADVICE: Readonly<Record<number, string>> = {
  1129: 'the server refuses this address after too many failed logins: FLUSH HOSTS, or raise max_connect_errors',
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
    case 1045: // ER_ACCESS_DENIED_ERROR
    case 1129: // ER_HOST_IS_BLOCKED
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
  if (NETWORK_CODES.has(code)) return 'network';
  if (/^HANDSHAKE_(NO_SSL|SSL)|CERT|SIGNATURE|ISSUER|^ERR_TLS|^ERR_SSL|^ERR_OSSL|^EPROTO$/.test(code)) return 'tls';
  if (/^AUTH_SWITCH|CLEAR_PASSWORD/.test(code) || /password/i.test(message)) return 'authentication';
  return 'other';
}
