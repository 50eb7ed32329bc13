import { benchCauses } from './causes.ts';
import { benchDrill } from './drill.ts';
import { benchFunctions } from './functions.ts';
import { benchPlanning } from './plan.ts';
import { benchWorker } from './worker.ts';

benchPlanning();
benchCauses();
await benchWorker();
await benchFunctions();
await benchDrill();
