import { rehearseShare } from './rehearse.ts';

rehearseShare(1, 3);
