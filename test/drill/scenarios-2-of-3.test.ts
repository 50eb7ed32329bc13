import { rehearseShare } from './rehearse.ts';

rehearseShare(2, 3);
