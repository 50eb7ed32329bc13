import type { Load } from '../load.ts';
import { sqlalchemy } from '../programs.ts';

export const forgottenSqlalchemy: Load = {
  name: 'forgotten-sqlalchemy',
  summary: 'a SQLAlchemy application forgets 55 transactions, beside a SQLAlchemy pool of 45',
  expected: 'relief',
  cause: 'idle-in-transaction',
  engines: ['postgres'],
  users: { shop: 'healthy', billing: 'culprit' },
  async calm(stage) {
    stage.adopt('shop', await sqlalchemy('healthy', { url: stage.urlOf('shop'), application: 'shop-api', size: 45 }));
  },
  trouble(stage) {
    stage.begin(async () => {
      const pool = { url: stage.urlOf('billing'), application: 'billing', size: 55 };
      stage.adopt('billing', await sqlalchemy('forget', pool));
    });
  },
};
