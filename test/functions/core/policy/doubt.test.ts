import { expect, it } from 'vitest';
import { isInDoubt } from '../../../../functions/core/policy/doubt.ts';
import type { Policy } from '../../../../functions/core/policy/policy.ts';
import type { Session } from '../../../../functions/core/server/session.ts';
import { aPolicy, aSession } from '../../../support/a-session.ts';

const LONG = `nightly-${'x'.repeat(80)}`;

it.each<[boolean, string, Partial<Session>, Partial<Policy['protect']>]>([
  [false, 'nothing is protected', { doubts: ['user-name'] }, {}],
  [true, 'the role was dropped', { doubts: ['user-name'] }, { users: ['billing'] }],
  [false, 'the role was dropped and no user is protected', { doubts: ['user-name'] }, { applications: ['nightly'] }],
  [true, 'the server cuts the name', { application: LONG.slice(0, 63) }, { applications: [LONG] }],
  [true, 'the server cuts the prefix', { application: LONG.slice(0, 63) }, { applications: [`${LONG}*`] }],
  [false, 'another long name begins alike', { application: `nightly-${'y'.repeat(55)}` }, { applications: [LONG] }],
  [false, 'a short name begins alike', { application: 'nightly-xxx' }, { applications: [LONG] }],
  [true, 'PostgreSQL 15 shows letters as ?', { application: 'B??cher-2' }, { applications: ['bücher*'] }],
  [
    true,
    'PostgreSQL 16 shows letters by number',
    { application: String.raw`B\xc3\x9ccher` },
    { applications: ['bücher'] },
  ],
  [true, 'the user is long', { user: LONG.slice(0, 63) }, { users: [LONG] }],
  [true, 'the database is long', { database: LONG.slice(0, 63) }, { databases: [LONG] }],
  [true, 'a host name stands for an address', { client: 'ip-10-0-0-7.internal' }, { clients: ['10.0.0.0/8'] }],
  [true, 'an address stands for a host name', { client: '10.0.0.7' }, { clients: ['web-1.internal'] }],
  [true, 'an address of the sixth version does', { client: 'fd00::7' }, { clients: ['web-*'] }],
  [false, 'both are addresses', { client: '10.0.0.7' }, { clients: ['10.1.0.0/16', 'fd00::/8', 'fd00*'] }],
  [false, 'both are host names', { client: 'web-2.internal' }, { clients: ['web-1.internal', 'db*'] }],
  [false, 'it came by a local socket', { client: null }, { clients: ['10.0.0.0/8', 'web-1.internal'] }],
])('%s when %s', (expected, _, session, protect) => {
  expect(isInDoubt(aSession(1, session), { ...aPolicy().protect, ...protect })).toBe(expected);
});
