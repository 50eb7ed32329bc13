import { benchPlanning } from './plan.ts';
import { benchWorker } from './worker.ts';

benchPlanning();
await benchWorker();
