import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** Below which the code is: that of a clone in TypeScript, or the JavaScript that it was built to. */
export const CODE_ROOT = join(import.meta.dirname, '../..');

/** True in what npm installed, which holds JavaScript and the bundles of the functions; false in a clone. */
export const IS_BUILT = import.meta.filename.endsWith('.js');

/** The folder of package.json. */
export const PACKAGE_ROOT = IS_BUILT ? join(CODE_ROOT, '..') : CODE_ROOT;

const manifest = z.object({ version: z.string() });

/** Of Headroom, such as "0.1.0". */
export function readVersion(): string {
  return manifest.parse(JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'))).version;
}
