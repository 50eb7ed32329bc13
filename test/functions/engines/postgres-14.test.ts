import { describeContract } from './contract.ts';
import { describePostgres } from './postgres-own.ts';
import { openPostgresStage } from './postgres-stage.ts';

describeContract('PostgreSQL 14', () => openPostgresStage(14), describePostgres);
