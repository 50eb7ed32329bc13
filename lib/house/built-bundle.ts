import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CODE_ROOT, IS_BUILT } from './package.ts';

/** Below which a package has a folder for each function, with its bundle. */
export const BUNDLES = 'bundles';

/** Files of a bundle beside its code: content by name. */
export type BundleFiles = Readonly<Record<string, string>>;

/**
 * The bundle of a function that came with the package, and `files` with it; undefined in a clone, which makes its own.
 */
export function builtBundle(folder: string, files: BundleFiles): Code | undefined {
  if (!IS_BUILT) return undefined;
  const bundle = join(CODE_ROOT, BUNDLES, folder);
  if (Object.keys(files).length === 0) return Code.fromAsset(bundle);
  const tryBundle = (target: string): boolean => {
    cpSync(bundle, target, { recursive: true });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(target, name), content);
    return true;
  };
  // The image is for a bundle that cannot be made here, which this one always can.
  const image = DockerImage.fromRegistry('none');
  return Code.fromAsset(bundle, { assetHashType: AssetHashType.OUTPUT, bundling: { image, local: { tryBundle } } });
}
