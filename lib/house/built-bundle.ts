import { Code } from 'aws-cdk-lib/aws-lambda';
import { join } from 'node:path';
import { CODE_ROOT, IS_BUILT } from './package.ts';

/** Below which a package has a folder for each function, with its bundle. */
export const BUNDLES = 'bundles';

/** The bundle of a function that came with the package; undefined in a clone, which makes its own. */
export function builtBundle(folder: string): Code | undefined {
  return IS_BUILT ? Code.fromAsset(join(CODE_ROOT, BUNDLES, folder)) : undefined;
}
