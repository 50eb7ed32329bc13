import { describeContract } from './contract.ts';
import { describeMysql } from './mysql-own.ts';
import { openMysqlStage } from './mysql-stage.ts';

describeContract(
  'MariaDB 10.11 on RDS without performance_schema',
  () => openMysqlStage({ flavour: 'mariadb', performanceSchema: false, isRds: true }),
  describeMysql,
);
describeContract(
  'MariaDB 10.11 with performance_schema',
  () => openMysqlStage({ flavour: 'mariadb', performanceSchema: true }),
  describeMysql,
);
