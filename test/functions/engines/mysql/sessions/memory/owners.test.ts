import { describe, expect, it } from 'vitest';
import { trackOwners } from '../../../../../../functions/engines/mysql/sessions/memory/owners.ts';
import type { ProcessRow } from '../../../../../../functions/engines/mysql/sessions/usage.sql.ts';

function row(id: number, changed: Partial<ProcessRow> = {}): ProcessRow {
  return {
    id,
    user: 'app',
    host: '10.0.0.7:4000',
    database: null,
    command: 'Query',
    doing: '',
    seconds: 0,
    began_at: 0,
    exact_ms: null,
    query_id: null,
    statement: null,
    ...changed,
  };
}

const ACCOUNTS = [
  { user: 'app', host: '%', may_back_up: 0 },
  { user: 'owner', host: '10.1.%', may_back_up: 0 },
  { user: 'root', host: 'localhost', may_back_up: 1 },
];
const inRoutine = { user: 'owner', host: '10.1.%:4000' };
const read = { logins: new Map(), accounts: ACCOUNTS };
const blind = { logins: new Map(), accounts: null };

/** The last of these rows of one session, as it is settled, and whether there is doubt. */
function settled(evidence: typeof read | typeof blind, ...rows: readonly ProcessRow[]) {
  const owners = trackOwners();
  const all = rows.map((each) => owners.settle([each], evidence));
  const last = all.at(-1);
  const [{ user, host } = row(1)] = last?.processes ?? [];
  return [`${user ?? ''}@${host ?? ''}`, (last?.doubtful.size ?? 0) > 0];
}

describe('a session', () => {
  it('is whose it was while idle, whatever it runs', () => {
    expect(settled(read, row(1, { command: 'Sleep' }), row(1, inRoutine))).toEqual(['app@10.0.0.7:4000', false]);
  });

  it('is of the client whose address it shows, as that is no account’s host', () => {
    expect(settled(read, row(1))).toEqual(['app@10.0.0.7:4000', false]);
    expect(settled(read, row(1), row(1, inRoutine))).toEqual(['app@10.0.0.7:4000', false]);
  });

  it('may be anybody’s while it shows an account and was not seen before', () => {
    expect(settled(read, row(1, inRoutine))).toEqual(['owner@10.1.%:4000', true]);
    expect(settled(read, row(1, { user: 'root', host: 'LOCALHOST:4000' }))[1]).toBe(true);
    expect(settled(read, row(1, { user: '', host: '10.0.0.7:4000' }))[1]).toBe(true);
  });

  it('may be anybody’s where accounts cannot be read, unless it shows what it showed while idle', () => {
    expect(settled(blind, row(1))[1]).toBe(true);
    expect(settled(blind, row(1, { command: 'Sleep' }), row(1))[1]).toBe(false);
    expect(settled(blind, row(1, { command: 'Sleep' }), row(1, inRoutine))[1]).toBe(true);
  });

  it('is another user’s once the client has changed its user', () => {
    const changed = row(1, { user: 'other', host: '10.0.0.7:4000' });
    expect(settled(read, row(1, { command: 'Sleep' }), changed)).toEqual(['other@10.0.0.7:4000', false]);
  });

  it('is whose performance_schema shows, with the port of the list', () => {
    const logins = new Map([[1, { id: 1, thread: 9, user: 'app', host: '10.0.0.7' }]]);
    const { processes, doubtful } = trackOwners().settle([row(1, inRoutine)], { logins, accounts: null });
    expect(processes[0]).toMatchObject({ user: 'app', host: '10.0.0.7:4000' });
    expect(doubtful.size).toBe(0);
  });

  it('is forgotten when it has gone', () => {
    const owners = trackOwners();
    owners.settle([row(1, { command: 'Sleep' })], read);
    owners.keep(new Set([2]));
    expect(owners.settle([row(1, inRoutine)], read).doubtful).toEqual(new Set([1]));
  });
});

it('threads of the server have no client', () => {
  const event = row(1, { command: 'Connect', host: '10.1.%' });
  expect(trackOwners().settle([event], read)).toEqual({ processes: [event], doubtful: new Set() });
});
