import { chooseDrills } from '../drill/choice.ts';
import { errorWords } from '../functions/core/words/error-words.ts';
import { readCorpus, writeCorpus } from './files.ts';
import { toIncident } from './recording/incident.ts';
import { watchServer } from './recording/watch.ts';

/**
 * Records incidents from real servers in the place of earlier records: `node corpus/record.ts [ENGINE/SCENARIO …]`.
 * Each takes two minutes.
 */
const ALL = [
  ...['connection-leak', 'idle-in-transaction', 'runaway-analytics'].flatMap((scenario) =>
    (['postgres', 'mysql', 'mariadb'] as const).map((engine) => `${engine}/${scenario}`),
  ),
  'postgres/lock-pileup',
  'postgres/limit-too-low',
];
const asked = process.argv.slice(2);

for (const id of asked.length > 0 ? asked : ALL) {
  const [engine, scenario] = id.split('/');
  const request = { all: false, engine: 'all', postgresVersion: '18', seed: '1', seeds: '1' } as const;
  const drill = chooseDrills({ ...request, scenario }).find(({ server }) => server.engine === engine);
  if (drill === undefined) throw new Error(`there is no ${id}: ENGINE/SCENARIO, as in ${ALL[0] ?? ''}`);
  try {
    const incident = toIncident(id, drill.scenario, await watchServer(drill.scenario, drill.server));
    const { limits, policy, snapshots } = incident;
    // Waiters for a lock give up after 50 s on MySQL and MariaDB, for one.
    if (snapshots.some(({ used }) => 100 * used < policy.triggerPercent * limits.usable))
      throw new Error('the server did not stay full');
    const earlier = readCorpus().filter(({ labels, id: other }) => labels.source === 'recorded' && other !== id);
    writeCorpus([...earlier, incident].sort((a, b) => (a.id < b.id ? -1 : 1)));
    console.log(`${id}: ${incident.snapshots.map(({ used }) => used).join(', then ')} slots`);
  } catch (error) {
    console.error(`${id}: not recorded: ${errorWords(error)}`);
    process.exitCode = 1;
  }
}
