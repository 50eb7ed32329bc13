import { lateNotifierFromEnvironment } from '../aws/clients/late-notifier.ts';
import { sendStackAnswer } from '../aws/clients/stack-answers.ts';
import { workerClientFromEnvironment } from '../aws/clients/worker-client.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store/store.ts';
import { systemClock } from '../aws/process/clock.ts';
import { reportLinksFromEnvironment } from '../aws/process/environment.ts';
import { logged } from '../aws/process/log.ts';
import { answerStack } from './answer-stack.ts';
import { register } from './register.ts';

export const handler = logged('register', (event) =>
  answerStack(event, {
    carryOut: (request) =>
      register(request, {
        store: incidentStoreFromEnvironment(),
        worker: workerClientFromEnvironment(),
        notifier: lateNotifierFromEnvironment(),
        reportLinks: reportLinksFromEnvironment(),
        ...systemClock,
      }),
    send: sendStackAnswer,
    sleep: systemClock.sleep,
  }),
);
