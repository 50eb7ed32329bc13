import type { Setting } from '../../../core/protocol/check-facts.ts';
import type { SettingRow } from './check.sql.ts';

/** What is unwise about a value, and a better one. `ms`: the value in milliseconds; NaN when it is not a time. */
interface Advice {
  readonly isUnwise: (ms: number) => boolean;
  readonly remark: string;
  readonly better: string;
}

const MINUTE_MS = 60_000;

/** Settings that decide how slots are lost and come back, in the order they are shown. Null: only worth knowing. */
const KNOWN: Readonly<Record<string, Advice | null>> = {
  idle_in_transaction_session_timeout: {
    isUnwise: (ms) => ms === 0 || ms > 60 * MINUTE_MS,
    remark: 'the server leaves forgotten transactions open',
    better: '15min',
  },
  tcp_keepalives_idle: {
    isUnwise: (ms) => ms === 0 || ms > 10 * MINUTE_MS,
    remark: 'clients that have vanished keep their slots for long',
    better: '60',
  },
  authentication_timeout: {
    isUnwise: (ms) => ms > MINUTE_MS,
    remark: 'connections that never log in keep their slots for long',
    better: '30s',
  },
  idle_session_timeout: null,
  statement_timeout: null,
  transaction_timeout: null,
  client_connection_check_interval: null,
  log_connections: null,
  log_disconnections: null,
  log_lock_waits: null,
};

/** Reported only when a change of them waits for a restart. */
const SLOT_SETTINGS = ['max_connections', 'superuser_reserved_connections', 'reserved_connections'];

export const SETTING_NAMES: readonly string[] = [...Object.keys(KNOWN), ...SLOT_SETTINGS];

/** A session of the responder has values of its own for these: it does not show what an ordinary client gets. */
const OWN = new Set(['statement_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout']);

/** `isOrdinary`: the rows were read by an ordinary client. */
export function judgeSettings(rows: readonly SettingRow[], isOrdinary: boolean, isManaged: boolean): Setting[] {
  const found = new Map(rows.map((row) => [row.name, row]));
  return SETTING_NAMES.flatMap((name): Setting[] => {
    const row = found.get(name);
    if (row === undefined) return [];
    if (!isOrdinary && OWN.has(name)) return [{ name, value: null, remark: null, fix: [] }];
    if (row.pending_restart) {
      const remark = 'it was changed, and the change waits for a restart';
      return [{ name, value: row.shown, remark, fix: [isManaged ? 'reboot the instance' : 'restart the server'] }];
    }
    if (SLOT_SETTINGS.includes(name)) return [];
    const advice = KNOWN[name];
    if (!advice?.isUnwise(millisecondsOf(row))) return [{ name, value: row.shown, remark: null, fix: [] }];
    return [{ name, value: row.shown, remark: advice.remark, fix: changeSetting(name, advice.better, isManaged) }];
  });
}

/** How an administrator changes a setting that needs no restart. */
export function changeSetting(name: string, value: string, isManaged: boolean): readonly string[] {
  return isManaged
    ? [`set ${name} to ${value} in the parameter group`]
    : [`ALTER SYSTEM SET ${name} = '${value}'`, 'SELECT pg_reload_conf()'];
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: MINUTE_MS };

function millisecondsOf({ setting, unit }: SettingRow): number {
  return Number(setting) * (UNIT_MS[unit ?? ''] ?? NaN);
}
