import { json } from 'node:stream/consumers';
import { buildApp } from '../../lib/app.ts';
import type { SynthesisOrder } from './synthesis.ts';

// The inside of the process that synthesizes: the configuration comes on standard input, already checked by the parent.

const { config, outdir } = (await json(process.stdin)) as SynthesisOrder;
// The templates are checked where they are deployed from; an alarm is waiting here.
buildApp(config, { outdir, deployable: false }).synth();
