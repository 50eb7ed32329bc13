import { flushCompileCache } from 'node:module';
import { buildApp } from '../../lib/app.ts';
import type { SynthesisOrder } from './synthesizer.ts';

// The inside of the process that synthesizes, one order after another. The configuration was checked by the parent.

process.once('disconnect', () => process.exit());
process.on('message', ({ config, outdir }: SynthesisOrder) => {
  // The templates are checked where they are deployed from; an alarm is waiting here.
  buildApp(config, { outdir, deployable: false }).synth();
  process.send?.('made');
  flushCompileCache();
});
