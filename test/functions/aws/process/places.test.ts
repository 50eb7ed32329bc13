import { expect, it } from 'vitest';
import { placesFromEnvironment } from '../../../../functions/aws/process/places.ts';

it('reads what messages link to', () => {
  const places = { workflow: 'arn', dashboard: 'headroom', runbook: 'https://wiki.example/' };
  expect(placesFromEnvironment({ HEADROOM_LINKS: JSON.stringify(places) })).toEqual(places);
});

it.each([{}, { HEADROOM_LINKS: '' }, { HEADROOM_LINKS: '{' }, { HEADROOM_LINKS: '{"runbook":1}' }])(
  'lets messages go out without links rather than not at all: %j',
  (environment) => expect(placesFromEnvironment(environment)).toEqual({}),
);
