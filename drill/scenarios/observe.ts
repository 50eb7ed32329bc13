import { checkThat } from '../scenario/checks.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { connectionLeak } from './connection-leak.ts';

/** The same leak, on a target that has only just been installed. */
export const observe: Scenario = {
  ...connectionLeak,
  name: 'observe',
  summary: 'the same leak in mode observe: the full plan is recorded, nothing is ended',
  mode: 'observe',
  expect: {
    outcome: 'observed',
    cause: 'connection-leak',
    tiers: [],
    also: ({ rounds }) => {
      const planned = rounds.at(-1)?.planned['kill-idle'] ?? 0;
      return [checkThat('kill-idle would have ended', 'at least 20 sessions', planned, planned >= 20)];
    },
  },
};
