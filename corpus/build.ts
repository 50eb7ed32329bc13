import { readCorpus, writeCorpus } from './files.ts';
import { chooseIncidents } from './making/choose.ts';
import { makeIncident } from './making/incident.ts';

/** Makes every generated incident anew from its seed: `npm run corpus`. */
writeCorpus(chooseIncidents().map(makeIncident));
console.log(`${readCorpus().length} incidents`);
