import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../lib/house/package.ts';
import { copyBundles } from './bundles.ts';
import { buildTypes } from './declarations.ts';
import { buildPrograms } from './programs.ts';

// What a package holds beside its pages: npm runs it before it packs.

const dist = join(PACKAGE_ROOT, 'dist');
rmSync(dist, { recursive: true, force: true });
buildPrograms(dist);
buildTypes(dist);
copyBundles(dist);
