import { describeContract } from './contract.ts';
import { openMysqlStage } from './mysql-stage.ts';

describeContract('MySQL 9 with performance_schema', () =>
  openMysqlStage({ flavour: 'mysql', performanceSchema: true }),
);
describeContract('MySQL 9 on RDS without performance_schema', () =>
  openMysqlStage({ flavour: 'mysql', performanceSchema: false, isRds: true }),
);
