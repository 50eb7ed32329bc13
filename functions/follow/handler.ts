import { databasesFromEnvironment } from '../aws/rds/databases.ts';
import { functionCallerFromEnvironment } from '../aws/clients/function-caller.ts';
import { lateNotifierFromEnvironment } from '../aws/clients/late-notifier.ts';
import { ownAlarmsFromEnvironment } from '../aws/rds/own-alarms.ts';
import { workerClientFromEnvironment } from '../aws/clients/worker-client.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store/store.ts';
import { systemClock } from '../aws/process/clock.ts';
import { reportLinksFromEnvironment } from '../aws/process/environment.ts';
import { placesFromEnvironment } from '../aws/process/places.ts';
import { logged } from '../aws/process/log.ts';
import { answer } from './answer.ts';

export const handler = logged('follow', (payload) =>
  answer(payload, {
    store: incidentStoreFromEnvironment(),
    databases: databasesFromEnvironment(),
    ownAlarms: ownAlarmsFromEnvironment(),
    runbook: placesFromEnvironment().runbook,
    functions: functionCallerFromEnvironment(),
    worker: workerClientFromEnvironment(),
    notifier: lateNotifierFromEnvironment(),
    reportLinks: reportLinksFromEnvironment(),
    ...systemClock,
  }),
);
