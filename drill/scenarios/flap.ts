import { checkEqual, checkThat } from '../scenario/checks.ts';
import { COMPRESSED, type Scenario } from '../scenario/scenario.ts';
import { connectionLeak } from './connection-leak.ts';

const MAX_INCIDENTS = 1;

/** The service is restarted after each incident, and leaks again. */
export const flap: Scenario = {
  ...connectionLeak,
  name: 'flap',
  summary: 'the same leak again and again: after a number of incidents within the hour Headroom stops acting and pages',
  server: { maxConnections: 60, superuserReserved: 3, reserved: 2 },
  policy: { ...COMPRESSED, flap: { maxIncidents: MAX_INCIDENTS }, loop: { ...COMPRESSED.loop, holdSeconds: 0 } },
  repeats: MAX_INCIDENTS,
  expect: {
    outcome: 'escalated',
    cause: 'connection-leak',
    tiers: [],
    also: ({ incident: { escalation }, earlier }) => {
      const reason = escalation?.reason ?? 'none';
      return [
        checkEqual(
          'the incidents before',
          Array.from({ length: MAX_INCIDENTS }, () => 'relieved').join(', '),
          earlier.map(({ outcome }) => outcome ?? 'open').join(', '),
        ),
        checkThat(
          'why a person is needed',
          'it would only treat the symptom',
          reason,
          reason.includes('only treat the symptom'),
        ),
      ];
    },
  },
};
