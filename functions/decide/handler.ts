import { workflowClientFromEnvironment } from '../aws/clients/workflow-client.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store/store.ts';
import { systemClock } from '../aws/process/clock.ts';
import { reportDaysFromEnvironment } from '../aws/process/environment.ts';
import { logged } from '../aws/process/log.ts';
import { decide } from './decide.ts';

export const handler = logged(
  'decide',
  (payload) =>
    decide(payload, {
      store: incidentStoreFromEnvironment(),
      workflow: workflowClientFromEnvironment(),
      showsReports: reportDaysFromEnvironment() !== null,
      ...systemClock,
    }),
  // The page holds the link's secret in its form.
  ({ statusCode }) => ({ statusCode }),
);
