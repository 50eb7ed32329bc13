import { describeContract } from './contract.ts';
import { describePostgres } from './postgres-own.ts';
import { openPostgresStage } from './postgres-stage.ts';

describeContract('PostgreSQL 17', () => openPostgresStage(17), describePostgres);
