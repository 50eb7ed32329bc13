/** A room of the code: what its files may import, and how much it may hold. */
export interface Room {
  /** Rooms of ours that its files may import, beside their own. A room stands for the rooms inside it too. */
  readonly ours: readonly string[];
  /** Packages its files may import. */
  readonly packages: RegExp;
  /** A catalogue has a file for each thing of its kind, and so may hold more than others. */
  readonly isCatalogue?: boolean;
}

/** Most files of a room that is no catalogue: as many as a reader takes in at once. */
export const MOST_FILES = 12;

/** Pure. A hash is arithmetic, and so are a network mask and compression: no I/O, no clock, no state. */
const PURE = /^(zod|node:crypto|node:net|node:zlib)$/;
const core = (...rooms: string[]): Room => ({ ours: rooms.map((room) => `functions/core/${room}`), packages: PURE });

const SDK = /^(zod|@aws-sdk\/.*|@aws-lambda-powertools\/metrics|node:.*)$/;
const aws = (...rooms: string[]): Room => ({
  ours: ['functions/core', ...rooms.map((room) => `functions/aws/${room}`)],
  packages: SDK,
});

const ENGINE_CORE = ['functions/core/protocol', 'functions/core/server', 'functions/core/words'];
const ENGINE_ROOMS = {
  grants: [],
  connect: ['grants'],
  sessions: ['connect', 'grants'],
  look: ['connect', 'grants', 'sessions'],
  change: ['connect', 'look', 'sessions'],
  check: ['connect', 'grants', 'look', 'sessions'],
} as const satisfies Record<string, readonly string[]>;

/** The same rooms for every engine, but those it needs none of. None knows anything of another. */
function engine(name: string, driver: string, without: readonly string[] = []): Record<string, Room> {
  const home = `functions/engines/${name}`;
  const packages = new RegExp(`^(zod|${driver}|node:.*)$`);
  const common = [...ENGINE_CORE, 'functions/engines/shared'];
  const rooms = Object.entries(ENGINE_ROOMS)
    .filter(([room]) => !without.includes(room))
    .map(([room, below]): [string, Room] => [
      `${home}/${room}`,
      { ours: [...common, ...below.map((other) => `${home}/${other}`)], packages },
    ]);
  const whole = { ours: [...common, ...Object.keys(ENGINE_ROOMS).map((room) => `${home}/${room}`)], packages };
  return { ...Object.fromEntries(rooms), [home]: whole };
}

/** A step knows ports only, and what several steps do. Its handler, see below, ties it to the adapters. */
const STEP: Room = { ours: ['functions/core', 'functions/fleet', 'functions/incident'], packages: /^zod$/ };
const STEPS = [
  'act',
  'ask',
  'close',
  'decide',
  'deliver',
  'diagnose',
  'dispatch',
  'escalate',
  'follow',
  'notify',
  'reconcile',
  'register',
  'sample',
  'tick',
];

const infrastructure = (...rooms: string[]): Room => ({
  ours: ['functions/core', ...rooms],
  packages: /^(aws-cdk-lib|constructs|cdk-nag|zod|yaml|node:.*)$/,
});
const local = (...rooms: string[]): Room => ({
  ours: ['functions', 'lib', ...rooms.map((room) => `local/${room}`)],
  packages: /^/,
});
const drill = (...rooms: string[]): Room => ({
  ours: ['functions', 'lib', 'local', ...rooms.map((room) => `drill/${room}`)],
  packages: /^(?!@aws-sdk|aws-cdk-lib)/,
});

/**
 * Every room, from the inside out. What it does not name is forbidden, so imports go one way. The longest name that fits
 * a file is its room.
 */
export const ROOMS: Readonly<Record<string, Room>> = {
  'functions/core/words': core(),
  'functions/core/server': core('words'),
  'functions/core/members': core('words'),
  'functions/core/policy': core('members', 'server', 'words'),
  'functions/core/protocol': core('members', 'policy', 'server', 'words'),
  'functions/core/fleet': core('members', 'policy', 'words'),
  'functions/core/rehearsal': core('policy', 'server', 'words'),
  'functions/core/plan': core('plan/tiers', 'usual', 'protocol', 'policy', 'server', 'words'),
  'functions/core/plan/tiers': core('usual', 'protocol', 'policy', 'server', 'words'),
  'functions/core/check': core('protocol', 'policy', 'server', 'words'),
  'functions/core/sampler': core('protocol', 'policy', 'server', 'words'),
  'functions/core/usual': core('sampler', 'policy', 'server', 'words'),
  'functions/core/cause': core('usual', 'sampler', 'policy', 'server', 'words'),
  'functions/core/record': core('cause', 'plan', 'usual', 'sampler', 'protocol', 'policy', 'server', 'words'),
  'functions/core/verdict': core('record', 'cause', 'plan', 'usual', 'policy', 'server', 'words'),
  'functions/core/messages/form': core('plan', 'policy', 'server', 'words', 'messages/message.ts'),
  'functions/core/messages': {
    ...core(
      'messages/form',
      'record',
      'rehearsal',
      'check',
      'cause',
      'plan',
      'sampler',
      'protocol',
      'policy',
      'server',
      'words',
    ),
    isCatalogue: true,
  },
  // Each channel's own form of a message.
  'functions/core/channels': core('messages', 'protocol', 'words'),
  'functions/core/report': core('record', 'cause', 'plan', 'usual', 'sampler', 'protocol', 'policy', 'server', 'words'),
  // Draws charts with what is arithmetic of d3.
  'functions/core/pages': { ...core('report', 'words'), packages: /^(node:crypto|d3-scale|d3-shape)$/ },
  'functions/core/events': core('messages', 'record', 'policy', 'words'),
  'functions/core/ports/stores': core(
    'fleet',
    'members',
    'record',
    'plan',
    'usual',
    'sampler',
    'protocol',
    'policy',
    'server',
    'words',
  ),
  'functions/core/ports': core(
    'ports/stores',
    'fleet',
    'events',
    'members',
    'messages',
    'report',
    'record',
    'plan',
    'sampler',
    'protocol',
    'policy',
    'server',
    'words',
  ),

  'functions/engines/shared': { ours: ENGINE_CORE, packages: /^(zod|node:.*)$/ },
  // One view shows its sessions: looking is all there is to it.
  ...engine('postgres', 'pg', ['sessions']),
  ...engine('mysql', 'mysql2'),
  'functions/engines': {
    ours: [
      'functions/core/server',
      'functions/engines/postgres',
      'functions/engines/mysql',
      'functions/engines/shared',
    ],
    packages: /^$/,
  },

  'functions/aws/process': aws(),
  'functions/aws/incident-store/table': aws('process'),
  // A file for each part of the store.
  'functions/aws/incident-store': { ...aws('process', 'incident-store/table'), isCatalogue: true },
  'functions/aws/events': aws('process'),
  'functions/aws/rds': aws('process'),
  'functions/aws/clients': aws('process', 'events', 'incident-store'),

  // Posts to channels, from AWS and from runs on this machine.
  'functions/senders': { ours: ['functions/core'], packages: /^(zod|node:.*)$/ },
  'functions/aws/outward': {
    ...aws('process', 'incident-store/table'),
    ours: [...aws('process', 'incident-store/table').ours, 'functions/senders'],
  },

  'functions/incident/events': { ours: ['functions/core'], packages: /^zod$/ },
  'functions/incident': { ours: ['functions/core', 'functions/incident/events'], packages: /^zod$/ },
  'functions/fleet': { ours: ['functions/core', 'functions/incident'], packages: /^zod$/ },
  ...Object.fromEntries(STEPS.map((step) => [`functions/${step}`, STEP])),
  ...Object.fromEntries(
    STEPS.map((step) => [
      `functions/${step}/handler.ts`,
      { ...STEP, ours: [...STEP.ours, 'functions/aws', `functions/${step}`] },
    ]),
  ),
  // What `headroom end` does, by whichever worker.
  'functions/call': STEP,
  // The only function that reaches a database. Of AWS it knows how to log in.
  'functions/worker': {
    ours: [
      'functions/core',
      'functions/engines',
      'functions/aws/clients/credentials.ts',
      'functions/aws/process/clock.ts',
      'functions/aws/process/log.ts',
    ],
    packages: /^(zod|node:.*)$/,
  },
  // A bundle's beginning: it names the engines that are in it.
  'functions/worker/handlers': {
    ours: ['functions/core', 'functions/engines', 'functions/worker'],
    packages: /^node:.*$/,
  },

  // Runs at synthesis: never an engine, never an AWS client.
  'lib/house': infrastructure(),
  'lib/bundles': infrastructure('lib/house/control-names.ts', 'lib/house/package.ts'),
  'lib/notify': infrastructure(),
  'lib/config': infrastructure('lib/house', 'lib/notify'),
  'lib/cost': infrastructure('lib/config', 'lib/house'),
  'lib/shared': infrastructure('lib/bundles', 'lib/house', 'lib/notify'),
  // What a CDK app says of a database, as a headroom.yaml would.
  'lib/database': infrastructure('lib/config', 'lib/notify'),
  'lib/target': infrastructure('lib/bundles', 'lib/config', 'lib/house'),
  lib: infrastructure('lib/config', 'lib/database', 'lib/house', 'lib/shared', 'lib/target'),
  // Writes the generated pages of the documentation.
  // Draws a report, with the browser and the record of the tests.
  'reference/report-pictures.ts': { ours: ['functions/core', 'test/support'], packages: /^node:/ },
  reference: { ours: ['functions/core', 'lib'], packages: /^(zod|prettier|node:.*)$/ },

  'local/machine': local(),
  'local/lambda': local('machine'),
  'local/workflow': local('lambda', 'machine'),
  'local/stand-ins': local('lambda', 'machine', 'workflow'),
  'local/synthesis': local('lambda', 'machine', 'workflow'),
  'local/records': local('machine', 'synthesis'),
  'local/delivery': local('machine'),
  'local/runtime': local('delivery', 'lambda', 'machine', 'records', 'stand-ins', 'synthesis', 'workflow'),
  'local/terminal': local('machine'),
  'local/installation': local(),
  'local/plans': local('terminal'),
  'local/summary': local('machine', 'terminal'),
  'local/inventory': local('installation'),
  'local/discovery': local('installation', 'inventory', 'options'),
  'local/runs': local('installation', 'machine', 'records', 'runtime', 'terminal'),
  'local/options': local('installation', 'machine', 'records', 'runs', 'terminal'),
  'local/top': local('installation', 'options', 'terminal'),
  'local/site': local('machine'),
  // One file for each command.
  'local/commands': {
    ...local(
      'delivery',
      'discovery',
      'installation',
      'inventory',
      'machine',
      'options',
      'plans',
      'runs',
      'site',
      'summary',
      'terminal',
      'top',
    ),
    isCatalogue: true,
  },

  'drill/servers/files': { ...drill(), isCatalogue: true },
  'drill/servers': drill('servers/files'),
  'drill/clients': drill(),
  'drill/loads': drill('clients', 'loads/behaviours'),
  'drill/loads/behaviours': { ...drill('clients', 'loads/dice.ts', 'loads/load-spec.ts'), isCatalogue: true },
  'drill/scenario': drill('loads'),
  'drill/scenarios': { ...drill('loads', 'scenario'), isCatalogue: true },
  'drill/target': drill('clients', 'loads', 'scenario', 'servers'),
  'drill/outcome': drill('loads', 'scenario', 'target'),
  drill: drill('loads', 'outcome', 'scenario', 'scenarios', 'servers', 'target'),

  // Writes what npm packs.
  'packaging/bundling': { ours: ['lib/bundles', 'lib/house/package.ts'], packages: /^(esbuild|node:.*)$/ },
  packaging: { ours: ['lib/bundles', 'lib/house'], packages: /^(typescript|node:.*)$/ },

  'bin/app.js': { ours: ['bin/node24.js'], packages: /^$/ },
  'bin/app.ts': { ours: ['lib'], packages: /^(aws-cdk-lib|node:.*)$/ },
  bin: { ours: ['drill', 'functions/core/words', 'lib', 'local'], packages: /^/ },
  // A catalogue of measurements.
  bench: {
    isCatalogue: true,
    ours: ['drill', 'functions', 'lib', 'local', 'test/support'],
    packages: /^/,
  },

  'corpus/scorer': { ours: ['corpus/format.ts'], packages: /^node:/ },
  // Makes incidents out of what the generator of strangers tells.
  'corpus/making': { ours: ['bench/strangers', 'corpus/format.ts', 'corpus/scorer', 'functions/core'], packages: /^$/ },
  // What is scored: Headroom's judgement and its peers, as the model runs have them.
  'corpus/tools': {
    ours: ['bench/strangers', 'corpus/format.ts', 'corpus/scorer', 'functions/core', 'test/support'],
    packages: /^node:/,
  },
  // Takes incidents from rehearsals on real servers.
  'corpus/recording': {
    ours: ['corpus/format.ts', 'corpus/making', 'corpus/scorer', 'drill', 'functions/core', 'functions/engines'],
    packages: /^node:/,
  },
  corpus: {
    ours: ['corpus/making', 'corpus/recording', 'corpus/scorer', 'drill', 'functions/core/words', 'local/terminal'],
    packages: /^(prettier|zod|node:.*)$/,
  },
};

/** The room a file is in; null when it is in none. */
export function roomOf(file: string): string | null {
  const fitting = Object.keys(ROOMS).filter((room) => isIn(file, room));
  return fitting.reduce<string | null>((best, room) => (room.length > (best?.length ?? 0) ? room : best), null);
}

export function isIn(file: string, room: string): boolean {
  return file === room || file.startsWith(`${room}/`);
}
