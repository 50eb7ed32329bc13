import pg from 'pg';
import type { Refusal, RefusalKind } from '../../../core/server/snapshot.ts';
import { codeOf, kindOfLost, tidy } from '../../shared/driver-error.ts';
import { ConnectionLost, Refused, type Login } from '../../shared/engine.ts';
import { POOLER_ANSWERS, withoutPassword } from '../../shared/login.ts';

/** Why a login failed, from the error the driver threw. */
export function refusalOf(error: unknown, login: Pick<Login, 'password'>): Refusal {
  if (error instanceof Refused) return error.refusal;
  if (error instanceof ConnectionLost && error.cause !== undefined) return refusalOf(error.cause, login);
  const code = codeOf(error);
  const message = error instanceof Error && error.message !== '' ? error.message : code || String(error);
  if (error instanceof pg.DatabaseError && isOfPooler(error)) {
    return { kind: 'wrong-server', code, message: tidy(`${POOLER_ANSWERS}; it says: ${message}`) };
  }
  const kind = error instanceof pg.DatabaseError ? kindOfServerError(code, error) : kindOfClientError(code, message);
  const missing = withoutPassword(kind, login.password);
  // Without a password it is the driver that complains, in the words of its protocol.
  const words = missing.length > 0 && code === '' ? 'the server asks for a password' : message;
  const advice = code === UNKNOWN_SETTING ? ['PostgreSQL before 14 is not supported'] : [];
  return { kind, code, message: tidy([words, ...missing, ...advice].join('; ')) };
}

/**
 * The server always names the routine that reports an error. PgBouncer, RDS Proxy and others do not, or say
 * `pooler_error`, and what they have too many of are their own clients.
 */
function isOfPooler({ routine }: pg.DatabaseError): boolean {
  return routine === undefined || routine === 'pooler_error';
}

/** At login only, because our session's settings go with it. All of them exist from 14 on. */
const UNKNOWN_SETTING = '42704';

/** Where the server checks the limit of a role or a database. Messages may be translated; these names are not. */
const CONSUMER_LIMIT_ROUTINES = new Set(['InitializeSessionUserId', 'CheckMyDatabase']);

function kindOfServerError(code: string, { message, routine }: pg.DatabaseError): RefusalKind {
  switch (code) {
    case '53300':
      return CONSUMER_LIMIT_ROUTINES.has(routine ?? '') || /^too many connections for /.test(message)
        ? 'consumer-full'
        : 'full';
    case '28000':
      // pg_hba.conf has an entry for this login, but only with TLS.
      return /no encryption|SSL off/.test(message) ? 'tls' : 'authentication';
    case '28P01':
      return 'authentication';
    case '53000':
    case '53100':
    case '53200':
      return 'out-of-resources';
    case '3D000':
      return 'missing-database';
    case '57P01':
    case '57P02':
    case '57P03':
      return 'starting';
    default:
      return 'other';
  }
}

function kindOfClientError(code: string, message: string): RefusalKind {
  const lost = kindOfLost(code);
  if (lost !== null) return lost;
  if (/CERT|SIGNATURE|ISSUER|^ERR_TLS|^ERR_SSL|^ERR_OSSL|^EPROTO$|^HOSTNAME_MISMATCH$/.test(code)) return 'tls';
  // The driver's own errors have no code.
  if (/SSL/.test(message)) return 'tls';
  if (/^Connection terminated/.test(message)) return 'network';
  if (/SASL|SCRAM|password/i.test(message)) return 'authentication';
  return 'other';
}
