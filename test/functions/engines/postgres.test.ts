import { describeContract } from './contract.ts';
import { describePostgres } from './postgres-own.ts';
import { openPostgresStage } from './postgres-stage.ts';

for (const major of [14, 15, 16, 17, 18] as const) {
  describeContract(`PostgreSQL ${major}`, () => openPostgresStage(major), describePostgres);
}
