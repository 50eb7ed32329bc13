import * as z from 'zod/mini';
import { CAUSES } from './causes.ts';

/** The format of the corpus. README.md explains every field; ages and times in names end in `Ms`: milliseconds. */

const whole = z.int().check(z.nonnegative());
const age = whole;
/** An index into one of the incident's lists. */
const index = whole;
const ids = z.array(z.int());

const login = z.strictObject({
  user: z.string(),
  application: z.string(),
  client: z.string(),
  database: z.string(),
  consumer: index,
});

const statement = z.strictObject({ verb: z.string(), text: z.string() });

const HOLDINGS = [
  'advisory-lock',
  'commit',
  'backup',
  'snapshot',
  'prepared-transaction',
  'listen',
  'table-lock',
  'temporary-table',
  'cursor',
] as const;
export const STATES = ['active', 'idle', 'idle-in-transaction', 'idle-in-transaction-aborted'] as const;

/** What is not so, or not known, is left out. */
const session = z.strictObject({
  id: z.int(),
  login: index,
  state: z.enum(STATES),
  connectedMs: z.optional(age),
  stateMs: age,
  queryMs: z.optional(age),
  transactionMs: z.optional(age),
  hasWritten: z.optional(z.literal(true)),
  lockWaitMs: z.optional(age),
  blockedBy: z.optional(ids),
  holds: z.optional(z.array(z.enum(HOLDINGS))),
  kind: z.optional(z.literal('replication')),
  superuser: z.optional(z.literal(true)),
  statement: z.optional(index),
});
export type SessionRow = z.infer<typeof session>;

const snapshot = z.strictObject({
  atMs: whole,
  used: whole,
  admitsClients: z.boolean(),
  opened: whole,
  refused: z.nullable(whole),
  sessions: z.array(session),
});

export const PROFILE_COLUMNS = ['consumer', 'most', 'middle', 'used', 'idle', 'open', 'busy'] as const;
export const USAGE_COLUMNS = ['agoMs', 'used', 'opened', 'refused'] as const;

const profile = z.strictObject({
  columns: z.array(z.enum(PROFILE_COLUMNS)).check(z.length(PROFILE_COLUMNS.length)),
  periods: z.array(
    z.strictObject({
      of: z.enum(['same hour', 'last day']),
      fromAgoMs: age,
      toAgoMs: age,
      rows: z.array(z.array(whole).check(z.length(PROFILE_COLUMNS.length))),
    }),
  ),
  unnamed: whole,
  usage: z.strictObject({
    columns: z.array(z.enum(USAGE_COLUMNS)).check(z.length(USAGE_COLUMNS.length)),
    rows: z.array(z.array(z.nullable(whole)).check(z.length(USAGE_COLUMNS.length))),
  }),
});
export type ProfileSummary = z.infer<typeof profile>;

const group = z.strictObject({
  label: z.enum(['culprit', 'spare']),
  sessions: ids,
  most: whole,
  comesBack: z.boolean(),
});
export type Group = z.infer<typeof group>;

const labels = z.strictObject({
  kind: z.string(),
  words: z.array(z.string()),
  source: z.enum(['made', 'recorded']),
  culprit: ids,
  neighbour: ids,
  protected: ids,
  groups: z.array(group),
  comesBack: ids,
  frees: z.record(z.string(), whole),
  fewest: z.nullable(z.strictObject({ ends: whole, reaches: z.enum(['relief', 'trigger']) })),
  causes: z.array(z.enum(CAUSES)),
  page: z.enum(['needed', 'not needed', 'either']),
});
export type Labels = z.infer<typeof labels>;

export const incident = z.strictObject({
  format: z.literal(1),
  id: z.string(),
  engine: z.enum(['postgres', 'mysql', 'mariadb']),
  version: z.string(),
  limits: z.strictObject({
    usable: whole,
    max: whole,
    reserved: z.array(z.strictObject({ name: z.string(), slots: whole })),
  }),
  policy: z.strictObject({ triggerPercent: whole, reliefPercent: whole }),
  consumers: z.array(z.strictObject({ name: z.string(), user: z.string() })),
  logins: z.array(login),
  statements: z.array(statement),
  snapshots: z.array(snapshot).check(z.minLength(2), z.maxLength(3)),
  profile: z.nullable(profile),
  labels,
});
export type Incident = z.infer<typeof incident>;

/** What a tool is given: everything but the right answer. */
export type Question = Omit<Incident, 'labels'>;

export const answer = z.object({
  end: z._default(ids, []),
  cancel: z._default(ids, []),
  cause: z.optional(z.nullable(z.string())),
  page: z.optional(z.boolean()),
});
export type Answer = z.infer<typeof answer>;
