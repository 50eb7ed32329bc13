import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** The tag of every stack that says which version of Headroom has deployed it. */
export const VERSION_TAG = 'headroom:version';

const packageJson = z.object({ version: z.string() });

/** The version of Headroom that runs here. */
export function readVersion(): string {
  return packageJson.parse(JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))).version;
}
