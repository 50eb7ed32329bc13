import { Command } from 'commander';
import * as z from 'zod/mini';
import { warningsOf } from '../../lib/config/warnings.ts';
import type { LoopbackServer } from '../machine/loopback-server.ts';
import { findLocalTargets } from '../options/configured-target.ts';
import { UsageError } from '../options/usage-error.ts';
import { DEFAULT_RECORDS } from '../options/where.ts';
import type { WatchEvent } from '../runs/watch.ts';
import type { WatchFigures } from '../site/figures.ts';
import type { Site } from '../site/server.ts';
import { EXIT } from '../terminal/exit-status.ts';
import { paint, printJsonLine, say } from '../terminal/output.ts';
import { printLine } from '../terminal/progress-lines.ts';

const options = z.object({
  config: z.string(),
  target: z.optional(z.string()),
  port: z.string(),
  every: z.optional(z.string()),
  records: z._default(z.string(), DEFAULT_RECORDS),
  verbose: z._default(z.boolean(), false),
  json: z._default(z.boolean(), false),
});

/** Closer together, samples would be most of the work of a small server. */
const LEAST_SECONDS = 5;
const MOST_SECONDS = 60;

/** `headroom watch`: the sampler on this machine, until Ctrl-C. */
export function watchCommand(): Command {
  return new Command('watch')
    .description('sample servers from this machine, run the workflow when one crosses its trigger, serve the figures')
    .option('--config <file>', 'configuration', 'headroom.yaml')
    .option('--target <id>', 'watch this target alone (default: every one with auth mode "url")')
    .option(
      '--every <seconds>',
      `time between samples, ${LEAST_SECONDS} to ${MOST_SECONDS} (default: as in the policy)`,
    )
    .option(
      '--port <number>',
      'of the page at http://127.0.0.1:PORT/ and of Prometheus metrics at /metrics; 0 for any free one',
      '9464',
    )
    .option('--records <folder>', `where incidents are kept (default: ${DEFAULT_RECORDS})`)
    .option('--verbose', 'every look of an incident in full, in place of what has changed')
    .option('--json', 'one line of JSON on standard output for each sample, notice and incident')
    .action(async (raw: unknown) => {
      const given = options.parse(raw);
      const seconds =
        given.every === undefined ? null : parseNumber('--every', given.every, LEAST_SECONDS, MOST_SECONDS);
      const port = parseNumber('--port', given.port, 0, 65_535);
      const config = findLocalTargets(given, process.env);
      for (const warning of warningsOf(config, 'local')) say(`${paint('yellow', 'warning:')} ${warning}`);
      // These bring a metrics library, the CDK and the interpreter along, which most commands do without.
      const { createSite } = await import('../site/site.ts');
      const { watch } = await import('../runs/watch.ts');
      const site = createSite(config);
      const { figures } = site;
      const server = await serve(site, port);
      say(`targets and incidents at ${server.url}/`);
      say(`figures at ${server.url}/metrics`);
      const startedAt = Date.now();
      try {
        const { interrupted } = await watch(config, {
          everyMs: seconds === null ? null : seconds * 1000,
          recordsFolder: given.records,
          environment: process.env,
          onLine: (line) => printLine(line, startedAt),
          verbose: given.verbose,
          pageUrl: `${server.url}/`,
          onRecords: site.readFrom,
          report: (event) => {
            count(event, figures);
            if (given.json) printJsonLine(event);
          },
        });
        process.exitCode = interrupted > 0 ? EXIT.failed : EXIT.ok;
      } finally {
        await server.stop();
      }
    });
}

function count(event: WatchEvent, figures: WatchFigures): void {
  if (event.event === 'sample') figures.observe(event.target, event.sample);
  if (event.event === 'incident') figures.incidentEnded(event);
  if (event.event === 'notice') figures.noticeSent(event.target, event.delivery);
}

async function serve(site: Site, port: number): Promise<LoopbackServer> {
  try {
    const { startSite } = await import('../site/server.ts');
    return await startSite(site, port);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE') throw new UsageError(`--port ${port}: another program has it; name a free one, or 0`);
    if (code === 'EACCES') throw new UsageError(`--port ${port}: you may not use it; name one from 1024 on, or 0`);
    throw error;
  }
}

function parseNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${option} ${text}: use a whole number from ${least} to ${most}`);
}
