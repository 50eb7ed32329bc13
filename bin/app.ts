import { App } from 'aws-cdk-lib';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildApp } from '../lib/app.ts';
import { loadInstallations } from '../lib/config/config.ts';
import { ConfigInvalid } from '../lib/config/problems.ts';
import { warningsOf } from '../lib/config/warnings.ts';
import { addChecks } from '../lib/house/aws-solutions.ts';
import { PACKAGE_ROOT } from '../lib/house/package.ts';

const EXAMPLE = join(PACKAGE_ROOT, 'headroom.example.yaml');

/** Named by `cdk … --context config=FILE` or HEADROOM_CONFIG, else headroom.yaml, else the example. */
function findConfig(): string {
  const context: unknown = new App({ autoSynth: false }).node.tryGetContext('config');
  const named = typeof context === 'string' ? context : process.env['HEADROOM_CONFIG'];
  if (named !== undefined && named !== '') return named;
  if (existsSync('headroom.yaml')) return 'headroom.yaml';
  console.error(
    [
      'WARNING: there is no headroom.yaml. Building headroom.example.yaml, which describes no real database: do not deploy it.',
      'Copy it to headroom.yaml and replace what is yours, or name your file with --context config=FILE.',
    ].join('\n'),
  );
  return EXAMPLE;
}

try {
  const installations = loadInstallations(findConfig());
  for (const config of installations) {
    const of = config.name == null ? '' : `${config.name}: `;
    for (const warning of warningsOf(config, 'aws')) console.error(`warning: ${of}${warning}`);
  }
  const app = buildApp(installations);
  addChecks(app);
  app.synth();
} catch (error) {
  if (!(error instanceof ConfigInvalid)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
