import { describe, expect, it, test } from 'vitest';
import { linkPlacesTo, type LinkPlaces } from '../../../../functions/core/messages/form/places.ts';
import { build } from '../../../../functions/core/messages/form/build.ts';
import type { Message } from '../../../../functions/core/messages/message.ts';

const workflowIn = (partition: string, region: string) =>
  `arn:${partition}:states:${region}:111122223333:stateMachine:headroom-workflow`;
const PLACES: LinkPlaces = {
  workflow: workflowIn('aws', 'eu-west-1'),
  dashboard: 'headroom',
  runbook: 'https://wiki.example/databases',
};

const aMessage = (changed: Partial<Parameters<typeof build>[0]> = {}): Message =>
  build({
    target: 'shop',
    clauses: ['filling up'],
    sections: [
      ['Do', ['Nothing.']],
      ['Stop', ['pause']],
    ],
    json: {},
    attributes: { severity: 'info', outcome: 'open', target: 'shop', incidentId: 'shop-1', notice: 'opened' },
    ...changed,
  });

describe('the console', () => {
  it.each([
    ['aws', 'eu-west-1', 'https://eu-west-1.console.aws.amazon.com'],
    ['aws-cn', 'cn-north-1', 'https://cn-north-1.console.amazonaws.cn'],
    ['aws-us-gov', 'us-gov-west-1', 'https://us-gov-west-1.console.amazonaws-us-gov.com'],
  ])('of %s has a host of its own', (partition, region, host) => {
    const { links } = linkPlacesTo(aMessage(), { ...PLACES, workflow: workflowIn(partition, region) });
    const arn = `arn:${partition}:states:${region}:111122223333:execution:headroom-workflow:shop-1`;
    expect(links).toEqual({
      console: `${host}/states/home?region=${region}#/v2/executions/details/${arn}`,
      dashboard: `${host}/cloudwatch/home?region=${region}#dashboards/dashboard/headroom`,
      runbook: PLACES.runbook,
    });
  });

  it.each([workflowIn('aws-iso', 'us-iso-east-1'), 'nonsense', ''])('is not guessed: %s', (workflow) => {
    expect(linkPlacesTo(aMessage(), { ...PLACES, workflow }).links).toEqual({ runbook: PLACES.runbook });
  });

  it('has no execution of a message about no incident, nor of a person’s call', () => {
    const { attributes } = aMessage();
    const withoutIncident = aMessage({ attributes: { ...attributes, incidentId: '' } });
    const ofACall = aMessage({ json: { call: { by: 'ann' } } });
    for (const message of [withoutIncident, ofACall])
      expect(Object.keys(linkPlacesTo(message, PLACES).links)).toEqual(['dashboard', 'runbook']);
    expect(linkPlacesTo(aMessage({ json: { call: null } }), PLACES).links.console).toContain('shop-1');
  });
});

test('a run on one’s own machine links to its page', () => {
  const { links } = linkPlacesTo(aMessage(), { page: 'http://127.0.0.1:9464/' });
  expect(links).toEqual({ dashboard: 'http://127.0.0.1:9464/' });
});

describe('a message with more links', () => {
  const links = { report: 'https://report.example/1', runbook: 'https://own.example/' };

  test.each([
    ['without links or words', {}],
    ['with links', { links }],
    ['with words', { sections: [['What', ['2 slots']]] }],
    ['with both', { links, sections: [['What', ['2 slots']]] }],
  ] as const)('%s, is as if it had been composed with them', (_, parts) => {
    const linked = linkPlacesTo(aMessage(parts), PLACES);
    const expected = aMessage({ ...parts, links: linked.links });
    expect(linked).toEqual(expected);
    expect(linked.body).toContain('workflow: https://eu-west-1.');
  });

  test('keeps those that it has', () => {
    expect(linkPlacesTo(aMessage({ links }), PLACES).links).toMatchObject(links);
  });

  test('keeps what comes before its headline, and a text that is not made of its sections', () => {
    const before = { ...aMessage({ links }), body: `REHEARSAL\n\n${aMessage({ links }).body}` };
    expect(linkPlacesTo(before, PLACES).body).toBe(`REHEARSAL\n\n${linkPlacesTo(aMessage({ links }), PLACES).body}`);
    const other = { ...aMessage({ links }), body: 'a text of its own\n' };
    expect(linkPlacesTo(other, PLACES).body).toMatch(/^a text of its own\nLinks {5}report: /);
  });

  test('without places is the same', () => {
    for (const message of [aMessage(), aMessage({ links })]) expect(linkPlacesTo(message, {})).toEqual(message);
  });
});
