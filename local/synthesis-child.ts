import { json } from 'node:stream/consumers';
import { buildApp } from '../lib/app.ts';
import type { HeadroomConfig } from '../lib/config.ts';

// The inside of the process that synthesizes: the configuration comes on standard input, already checked by the parent.

const { config, outdir } = (await json(process.stdin)) as { readonly config: HeadroomConfig; readonly outdir: string };
buildApp(config, { outdir }).synth();
