import { makeBundles } from './make.ts';

// Constructs cannot wait, and esbuild takes plugins only from those who can: so bundles are made in a process of their
// own.

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('name the folder that the bundles go to');
await makeBundles(folder);
