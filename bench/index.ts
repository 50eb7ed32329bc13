import { benchPlanning } from './plan.ts';

benchPlanning();
