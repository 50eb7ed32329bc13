import { Command } from 'commander';
import { existsSync } from 'node:fs';
import * as z from 'zod/mini';
import { METRICS } from '../../functions/core/policy/policy.ts';
import { count } from '../../functions/core/words/count.ts';
import { metricNamesOf } from '../../functions/core/sampler/figures.ts';
import { DEFAULT_CONFIG, loadConfig } from '../../lib/config/config.ts';
import { ASSUMED } from '../../lib/cost/assumptions.ts';
import { estimate, type CostShape, type Estimate } from '../../lib/cost/estimate.ts';
import { PRICES } from '../../lib/cost/prices.ts';
import { DEFAULT_SHAPE, shapeOf } from '../../lib/cost/shape.ts';
import { dollars, rowsOf } from '../../lib/cost/table.ts';
import { UsageError } from '../options/usage-error.ts';
import { print, printJson } from '../terminal/output.ts';
import { tableOf } from '../terminal/table.ts';

const options = z.object({
  config: z.optional(z.string()),
  targets: z.optional(z.string()),
  sampleEvery: z.optional(z.string()),
  metrics: z.optional(z.string()),
  json: z._default(z.boolean(), false),
});

/** `headroom cost`: what an installation on AWS costs a month, by list prices. */
export function costCommand(): Command {
  return new Command('cost')
    .description('what an installation on AWS costs a month, by list prices')
    .option('-c, --config <file>', `of the targets in this file (default: ${DEFAULT_CONFIG}, where there is one)`)
    .option('--targets <count>', 'for so many targets')
    .option('--sample-every <seconds>', 'with so long between samples, 10 to 60')
    .option('--metrics <which>', `with these metrics: ${METRICS.join(' or ')}`)
    .option('--json', 'one JSON document on standard output')
    .action((raw: unknown) => {
      const given = options.parse(raw);
      const file = given.config ?? (existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : undefined);
      const shape = changed(file === undefined ? NO_FILE : shapeOf(loadConfig(file)), given);
      const result = estimate(shape);
      if (given.json) printJson({ ...result, prices: PRICES, assumptions: ASSUMED });
      else print(inWords(file, shape, result));
    });
}

/** One target by the defaults. */
const NO_FILE: CostShape = { targets: [DEFAULT_SHAPE], asks: false };

/** With what the options say instead; another number of targets is so many of the first. */
function changed({ targets, asks }: CostShape, given: z.infer<typeof options>): CostShape {
  const { targets: count, sampleEvery, metrics } = given;
  const setting = METRICS.find((each) => each === metrics);
  const problems = [
    ...wholeNumber('--targets', count, [1, 100_000]),
    ...wholeNumber('--sample-every', sampleEvery, [10, 60]),
    ...(metrics !== undefined && setting === undefined
      ? [`--metrics ${metrics}: expected ${METRICS.join(' or ')}`]
      : []),
  ];
  if (problems.length > 0) throw new UsageError(problems.join('; '));
  const first = targets[0] ?? DEFAULT_SHAPE;
  const wanted = count === undefined ? targets : Array.from({ length: Number(count) }, () => first);
  return {
    asks,
    targets: wanted.map((shape) => ({
      ...shape,
      ...(sampleEvery !== undefined && { everySeconds: Number(sampleEvery) }),
      ...(setting !== undefined && { metrics: metricNamesOf(setting).length }),
    })),
  };
}

function wholeNumber(option: string, text: string | undefined, [least, most]: readonly [number, number]): string[] {
  if (text === undefined || (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= most)) return [];
  return [`${option} ${text}: expected a whole number from ${least} to ${most}`];
}

function inWords(file: string | undefined, { targets }: CostShape, result: Estimate): string {
  const { region, asOf } = PRICES;
  const whose = file === undefined ? 'targets by the defaults' : `the targets of ${file}`;
  const tables = result.targets.map(({ targets: alike, shape, lines }) =>
    tableOf(
      [`each of ${count(alike, 'target')}, sampled every ${shape.everySeconds} s`, 'units', 'a month'],
      rowsOf(lines).map((row) => [...row]),
    ),
  );
  return [
    `By the list prices of ${region} on ${asOf}, in a month without incidents, for ${whose}:`,
    ...tables,
    tableOf(
      ['the installation', 'units', 'a month'],
      rowsOf(result.installation).map((row) => [...row]),
    ),
    `${count(targets.length, 'target')} together: ${dollars(result.totalDollars)}, which is ` +
      `${dollars(result.perTargetDollars)} for each. docs/cost.md says what is assumed.`,
  ].join('\n');
}
