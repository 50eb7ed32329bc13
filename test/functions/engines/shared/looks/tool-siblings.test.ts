import { describe, expect, it } from 'vitest';
import { withToolSiblings } from '../../../../../functions/engines/shared/looks/tool-siblings.ts';
import { aSession, many } from '../../../../support/a-session.ts';

const toolsOf = (...sessions: Parameters<typeof withToolSiblings>[0]) =>
  withToolSiblings(sessions).map(({ tool }) => tool);

describe('the sessions of a tool', () => {
  it('are those of its user and client, and nobody else’s', () => {
    const copying = aSession(1, { tool: 'backup' });
    const others = [aSession(2), aSession(3, { user: 'other' }), aSession(4, { client: '10.0.0.2' })];
    expect(toolsOf(copying, ...others)).toEqual(['backup', 'backup', null, null]);
  });

  it('are those beside a stream of changes', () => {
    const reading = aSession(1, { kind: 'replication' });
    expect(toolsOf(reading, aSession(2), aSession(3, { user: 'other' }))).toEqual([null, 'migration', null]);
  });

  it('are too many when an application shares its user and client', () => {
    const copying = aSession(1, { tool: 'migration' });
    expect(new Set(toolsOf(copying, ...many(15, 2, aSession)))).toEqual(new Set(['migration']));
    expect(toolsOf(copying, ...many(16, 2, aSession)).filter(Boolean)).toEqual(['migration']);
  });

  it('are nobody’s whose user does not show', () => {
    expect(toolsOf(aSession(1, { user: null, tool: 'backup' }), aSession(2, { user: null }))).toEqual(['backup', null]);
  });
});
