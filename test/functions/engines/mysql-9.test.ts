import { describeContract } from './contract.ts';
import { describeMysql } from './mysql-own.ts';
import { openMysqlStage } from './mysql-stage.ts';

describeContract(
  'MySQL 9 with performance_schema',
  () => openMysqlStage({ flavour: 'mysql', performanceSchema: true }),
  describeMysql,
);
describeContract(
  'MySQL 9 on RDS without performance_schema',
  () => openMysqlStage({ flavour: 'mysql', performanceSchema: false, isRds: true }),
  describeMysql,
);
