import { ASSUMED, ASSUMPTIONS } from '../lib/cost/assumptions.ts';
import { estimate, type TargetShape } from '../lib/cost/estimate.ts';
import { PRICES } from '../lib/cost/prices.ts';
import { DEFAULT_SHAPE } from '../lib/cost/shape.ts';
import { dollars, rowsOf } from '../lib/cost/table.ts';
import { table } from './markdown.ts';

const FULL = 14;
const COUNTS = [1, 10, 100, 900] as const;
const VARIANTS: readonly (readonly [string, TargetShape])[] = [
  ['by the defaults', DEFAULT_SHAPE],
  ['`policy.sampling.metrics: full`', { ...DEFAULT_SHAPE, metrics: FULL }],
  ['`policy.sampling.everySeconds: 30`', { ...DEFAULT_SHAPE, everySeconds: 30 }],
  ['`policy.sampling.everySeconds: 10`', { ...DEFAULT_SHAPE, everySeconds: 10 }],
  ['`auth: { mode: secret, secretsAccess: endpoint }`, two subnets', { ...DEFAULT_SHAPE, endpointSubnets: 2 }],
];

/** docs/cost.md: what an installation costs, and what the estimate assumes. */
export function writeCostReference(): string {
  const one = estimate({ targets: [DEFAULT_SHAPE], asks: false });
  return [
    `# What Headroom costs

This page is made by \`npm run generate\` from \`lib/cost\`: \`prices.ts\` has the public list prices of ${PRICES.region}
on ${PRICES.asOf}, \`assumptions.ts\` what is counted. No free tier and no discount is taken off. They are estimates, not
bills. \`npx --no headroom cost\` reckons with the targets of \`headroom.yaml\`, or with \`--targets 50\`,
\`--sample-every 30\`, \`--metrics full\`; \`--json\` has every figure.
`,
    '## A target and month\n',
    'Sampled each minute, with two metrics, and nothing happening. An incident costs less than a cent.\n',
    table(['what', 'units', 'a month'], rowsOf(one.targets[0]?.lines ?? [])),
    '\n## An installation and month\n',
    'Once for each account and region. Where a tier asks people there is one alarm more.\n',
    table(['what', 'units', 'a month'], rowsOf(one.installation)),
    '\n## Together, for each target\n',
    table(['targets', ...COUNTS.map(String)], VARIANTS.map(rowOf)),
    `
The installation's part is in these. Sampling more often than each minute keeps the sampler running the whole minute: that
is most of what it costs more.

## Two metrics, or all

By default a target has two metrics (\`policy.sampling.metrics: few\`):

- \`UsagePercent\` is what alarms use: its value, and that there is one at all.
- \`Refused\` is 1 when clients were refused for lack of a slot. Usage does not tell: a reserve can be free while clients
  are refused. Every sample has it, also that of a worker that does not get in. So the two together tell a sampler that
  has stopped from one that sees nothing.

\`full\` adds the other twelve, for dashboards and alarms of your own. The samples in the table have every figure
either way, and so has \`/metrics\` of \`headroom watch\`.

## What is assumed
`,
    table(
      ['figure', 'what'],
      Object.entries(ASSUMPTIONS).map(([name, what]) => [String(ASSUMED[name as keyof typeof ASSUMED]), what]),
    ),
    `
The processor time and the log bytes of a call are measured: \`npm run bench -- calls\` calls the bundled functions on a
real server of 300 sessions. \`MB\` of that measurement says how much memory they take. Lambda gives a function a share of
a processor by its memory, so less memory makes a call longer and about as dear: only its waiting gets cheaper. A worker
of 512 MB instead of 1,024 would save under a cent a month, and take twice as long for a snapshot at 3 a.m. The largest
snapshots need most of it ([ADR 26](adr/0026-long-lists-are-compressed.md)).

Not counted, because they cost nothing worth naming: EventBridge rules, queues, the page where people answer, mails,
Step Functions, data transfer within the VPC.
`,
  ].join('\n');
}

function rowOf([name, shape]: (typeof VARIANTS)[number]): string[] {
  const each = COUNTS.map((count) => {
    const targets = Array.from({ length: count }, () => shape);
    return dollars(estimate({ targets, asks: false }).perTargetDollars);
  });
  return [name, ...each];
}
