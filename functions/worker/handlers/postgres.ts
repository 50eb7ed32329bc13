import { postgres } from '../../engines/postgres-entry.ts';
import { serve } from './serve.ts';

export const handler = serve({ postgres }, import.meta.dirname);
