import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Session } from '../../../functions/core/server/session.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import { openMysqlStage, type MysqlStage, type MysqlStageOptions } from './mysql-stage.ts';
import { openWorker, takeSnapshot } from './stage.ts';

/** A server for the tests of one `describe`, and a worker for each of them. */
export class OnMysql {
  #stage: MysqlStage | null = null;
  #worker: Worker | null = null;

  /** `prepare`: once, when the server has started. */
  constructor(options: MysqlStageOptions, prepare: (stage: MysqlStage) => Promise<void> = () => Promise.resolve()) {
    beforeAll(async () => {
      this.#stage = await openMysqlStage(options);
      await prepare(this.#stage);
    }, 240_000);
    beforeEach(() => this.logIn());
    afterEach(async () => {
      this.worker.close();
      await this.stage.clear();
    });
    afterAll(() => this.stage.stop());
  }

  get stage(): MysqlStage {
    if (this.#stage === null) throw new Error('the server has not started yet');
    return this.#stage;
  }

  get worker(): Worker {
    if (this.#worker === null) throw new Error('no test has begun yet');
    return this.#worker;
  }

  /** A worker with other logins instead of the one that the test had. */
  async logIn(urls: { readonly canary?: string; readonly responder?: string } = {}): Promise<void> {
    this.#worker?.close();
    this.#worker = await openWorker(this.stage, {}, urls.responder, urls.canary);
  }

  /** As the worker sees it now. */
  async sessionOf(user: string): Promise<Session> {
    const session = (await takeSnapshot(this.worker)).sessions.find((one) => one.user === user);
    if (session === undefined) throw new Error(`no session of ${user} is in the snapshot`);
    return session;
  }
}
