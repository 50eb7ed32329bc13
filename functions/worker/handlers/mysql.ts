import { mariadb, mysql } from '../../engines/mysql-entry.ts';
import { serve } from './serve.ts';

export const handler = serve({ mysql, mariadb }, import.meta.dirname);
