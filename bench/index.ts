import { benchCauses, benchRecorded } from './causes.ts';
import { benchDrill } from './drill.ts';
import { benchFunctions } from './functions.ts';
import { benchMemory } from './memory.ts';
import { benchPeers } from './peers.ts';
import { benchPlanning } from './plan.ts';
import { benchWorker } from './worker.ts';

benchPlanning();
benchCauses();
benchRecorded();
await benchWorker();
await benchMemory();
await benchFunctions();
await benchDrill();
await benchPeers();
