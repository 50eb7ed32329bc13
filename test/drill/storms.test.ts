import { rehearse, STORMS } from './rehearse.ts';

rehearse(STORMS);
