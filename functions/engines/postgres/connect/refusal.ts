import pg from 'pg';
import type { Refusal, RefusalKind } from '../../../core/server/snapshot.ts';
import { codeOf, NETWORK_CODES, tidy } from '../../shared/driver-error.ts';
import { ConnectionLost, Refused } from '../../shared/engine.ts';

/** Why a login failed, from the error the driver threw. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refused) return error.refusal;
  if (error instanceof ConnectionLost && error.cause !== undefined) return refusalOf(error.cause);
  const code = codeOf(error);
  const message = error instanceof Error && error.message !== '' ? error.message : code || String(error);
  const kind = error instanceof pg.DatabaseError ? kindOfServerError(code, error) : kindOfClientError(code, message);
  return {
    kind,
    code,
    message: tidy(code === UNKNOWN_SETTING ? `${message}; PostgreSQL before 14 is not supported` : message),
  };
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
  if (NETWORK_CODES.has(code)) return 'network';
  if (/CERT|SIGNATURE|ISSUER|^ERR_TLS|^ERR_SSL|^ERR_OSSL|^EPROTO$|^HOSTNAME_MISMATCH$/.test(code)) return 'tls';
  // The driver's own errors have no code.
  if (/SSL/.test(message)) return 'tls';
  if (/^timeout expired$|^Connection terminated/.test(message)) return 'network';
  if (/SASL|SCRAM|password/i.test(message)) return 'authentication';
  return 'other';
}
