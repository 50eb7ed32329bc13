import { build, type BuildOptions } from 'esbuild';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENTRIES, type BundleName } from '../../lib/bundles/entries.ts';
import { PACKAGE_ROOT } from '../../lib/house/package.ts';
import { trimSdk } from './trim-sdk.ts';

const CREDENTIALS = './functions/aws/process/lambda-credentials.ts';

/** ESM with everything in it: the SDK too, so that what was tested is what runs. */
const OPTIONS = {
  absWorkingDir: PACKAGE_ROOT,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  minify: true,
  // What is imported when it is needed is a file of its own, which is not read before.
  splitting: true,
  outExtension: { '.js': '.mjs' },
  logLevel: 'warning',
  mainFields: ['module', 'main'],
  // Packages in CommonJS call require, which a module does not have by itself.
  banner: { js: "import{createRequire}from'module';const require=createRequire(import.meta.url);" },
  alias: { '@aws-sdk/credential-provider-node': CREDENTIALS, '@aws-sdk/credential-providers': CREDENTIALS },
  plugins: [trimSdk],
  metafile: true,
} as const satisfies BuildOptions;

/** An optional binding of the PostgreSQL driver that is not installed, and what the SDK imports in browsers alone. */
const NEVER_USED = ['pg-native', 'bowser'];

/**
 * Writes a bundle for every function, each to a folder of its name in `folder`: `index.mjs`, and the files it imports.
 * Beside it, `NAME.json` says what it was made of (a metafile of esbuild). Throws what esbuild throws.
 */
export async function makeBundles(folder: string): Promise<void> {
  const names = Object.keys(ENTRIES) as BundleName[];
  await Promise.all(names.map((name) => makeBundle(folder, name)));
}

async function makeBundle(folder: string, name: BundleName): Promise<void> {
  const { file, without } = ENTRIES[name];
  const { metafile } = await build({
    ...OPTIONS,
    entryPoints: { index: file },
    external: [...NEVER_USED, ...without],
    outdir: join(folder, name),
  });
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(metafile));
}
