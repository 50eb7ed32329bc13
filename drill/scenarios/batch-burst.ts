import { HEALTHY_POOL, type Scenario } from '../scenario/scenario.ts';
import { limitTooLow } from './limit-too-low.ts';

/** A nightly job was given a worker for each core of a larger machine, and runs by day. */
export const batchBurst: Scenario = {
  ...limitTooLow,
  name: 'batch-burst',
  summary: 'a batch job opens a connection for each of its workers: it is at work, so a person must decide',
  loads: [
    HEALTHY_POOL,
    {
      name: 'the batch job',
      behaviour: 'batch-job',
      user: 'nightly_batch',
      application: 'nightly-batch',
      label: 'innocent',
      instances: 3,
      sessions: 'until-refused',
    },
  ],
  expect: { outcome: 'escalated', cause: 'job-holding-on', tiers: [] },
};
