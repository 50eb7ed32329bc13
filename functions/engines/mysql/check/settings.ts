import type { Setting } from '../../../core/protocol/check-facts.ts';
import type { Features } from '../connect/features.ts';

interface Advice {
  readonly isUnwise: (value: number) => boolean;
  readonly remark: string;
  readonly better: number;
}

/**
 * Settings that decide how slots are lost and come back, in the order they are shown. Null: only worth knowing. Times
 * are in seconds.
 */
const KNOWN: Readonly<Record<string, Advice | null>> = {
  wait_timeout: {
    isUnwise: (seconds) => seconds > 28_800,
    remark: 'idle and vanished clients keep their slots for longer than the default of 8 hours',
    better: 3_600,
  },
  interactive_timeout: null,
  connect_timeout: {
    isUnwise: (seconds) => seconds > 30,
    remark: 'connections that never log in keep their slots for long',
    better: 10,
  },
  // MariaDB.
  idle_transaction_timeout: {
    isUnwise: (seconds) => seconds === 0 || seconds > 3_600,
    remark: 'the server leaves forgotten transactions open',
    better: 900,
  },
  max_user_connections: null,
  max_execution_time: null,
  max_statement_time: null,
  innodb_lock_wait_timeout: null,
  lock_wait_timeout: null,
  read_only: null,
};

export const SETTING_NAMES: readonly string[] = Object.keys(KNOWN);

export function judgeSettings(
  rows: readonly { readonly Variable_name: string; readonly Value: string }[],
  features: Pick<Features, 'engine' | 'isRds'>,
): Setting[] {
  const found = new Map(rows.map((row) => [row.Variable_name, row.Value]));
  return SETTING_NAMES.flatMap((name): Setting[] => {
    const value = found.get(name);
    if (value === undefined) return [];
    const advice = KNOWN[name];
    if (!advice?.isUnwise(Number(value))) return [{ name, value, remark: null, fix: [] }];
    return [{ name, value, remark: advice.remark, fix: [changeSetting(name, advice.better, features)] }];
  });
}

/** How an administrator changes a setting at once. MariaDB forgets it at a restart, unless its files have it too. */
function changeSetting(name: string, value: number, { engine, isRds }: Pick<Features, 'engine' | 'isRds'>): string {
  if (isRds) return `set ${name} to ${value} in the parameter group`;
  return `SET ${engine === 'mysql' ? 'PERSIST' : 'GLOBAL'} ${name} = ${value}`;
}
