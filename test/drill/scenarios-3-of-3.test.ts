import { rehearseShare } from './rehearse.ts';

rehearseShare(3, 3);
