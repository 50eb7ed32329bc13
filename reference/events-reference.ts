import * as z from 'zod';
import {
  EVENT_DETAIL_TYPE,
  EVENT_SOURCE,
  EVENT_VERSION,
  type IncidentEventDetail,
} from '../functions/core/events/incident-event.ts';
import { BY_HAND, TIER_NAMES } from '../functions/core/policy/tier-names.ts';
import { OUTCOMES } from '../functions/core/protocol/steps.ts';
import { CHANGES } from '../functions/core/events/changes.ts';
import { ENGINE_NAMES } from '../functions/core/server/snapshot.ts';
import { code, fillParts, table } from './markdown.ts';

const text = (longest: number) => z.string().max(longest);
const count = z.int().min(0);
const instant = z.int().min(0);
const percent = z.number().nullable();
const tier = z.enum([...TIER_NAMES, BY_HAND]);
const result = z.enum(['ended', 'cancelled', 'gone', 'changed', 'refused', 'still-there', 'rolling-back', 'not-tried']);

/** `detail` of an event. */
export const incidentEventSchema = z.strictObject({
  version: z.literal(EVENT_VERSION).describe('Grows when a field goes or changes its meaning. New fields may come.'),
  id: text(200).describe('The same for every delivery of the same change: drop what you have seen before.'),
  change: z.enum(CHANGES).describe('What happened.'),
  at: instant.describe('When it happened.'),
  madeAt: instant.describe('When the event was made: its figures are those of this moment.'),
  installation: text(20).describe('The `prefix` of the installation.'),
  account: z
    .string()
    .regex(/^\d{12}$/)
    .describe('The AWS account of the installation.'),
  region: text(30).describe('The AWS region of the installation.'),
  incidentId: text(120).describe('The incident.'),
  target: text(30).describe('Id of the target in `headroom.yaml`.'),
  engine: z.enum(ENGINE_NAMES).describe('Kind of database server.'),
  instance: text(80).describe('The DBInstanceIdentifier.'),
  status: z.enum(['open', 'closed']).describe('Whether the incident is over.'),
  outcome: z.enum(OUTCOMES).nullable().describe('How it ended; null while it is open.'),
  alarm: z.strictObject({ name: text(255), at: instant }).describe('The alarm that opened it, and when it went off.'),
  openedAt: instant.describe('When it was opened.'),
  firstActionAt: instant.nullable().describe('When Headroom first acted; null when it has not.'),
  reliefAt: instant.nullable().describe('When relief was confirmed; null before, and after a rebound.'),
  closedAt: instant.nullable().describe('When it was closed; null while it is open.'),
  rebounds: count.describe('How often usage climbed over the trigger again after relief.'),
  rounds: count.describe('How often Headroom has looked and decided.'),
  usageBefore: percent.describe('Percent of usable slots at the first look; null when unknown.'),
  usagePeak: percent.describe('The most that was seen; null when unknown.'),
  usageAfter: percent.describe('At the last look; null when unknown.'),
  refused: count.describe('How often Headroom saw a login refused as full.'),
  cause: z
    .strictObject({ name: text(80), confidence: z.number().min(0).max(1) })
    .nullable()
    .describe('Why the slots ran out, and how sure that is (0 to 1); null before the first look.'),
  endedCount: count.describe('Sessions that were ended and queries that were cancelled.'),
  acts: z
    .array(z.strictObject({ tier, acts: count, results: z.partialRecord(result, count), unknown: count }))
    .describe('What each tier did: how many acts, and their sessions by result. `unknown`: no result on record.'),
  act: z
    .strictObject({ round: count, tier, sessions: count })
    .nullable()
    .describe('With `acting`: the act that began, and how many sessions it was to end. Otherwise null.'),
  question: z
    .strictObject({ round: count, tier, sessions: count, expiresAt: instant })
    .nullable()
    .describe('With `approval-wanted`: what a person is asked, and until when. Otherwise null.'),
  escalation: z
    .strictObject({ reason: text(300) })
    .nullable()
    .describe('Why people were paged; null when they were not.'),
  failure: z
    .strictObject({ error: text(120) })
    .nullable()
    .describe('What failed, when the outcome is `failed` or `interrupted`.'),
  acknowledgement: z
    .strictObject({ by: text(80), at: instant, note: text(300) })
    .nullable()
    .describe('Who has taken it on; null while nobody has.'),
  links: z
    .strictObject({ show: text(600), execution: text(600).nullable() })
    .describe('The command that shows the record, and the workflow in the console; null for a manual end.'),
}) satisfies z.ZodType<IncidentEventDetail>;

/** JSON Schema of `detail`. Unknown fields are allowed: readers must bear those that come. */
export function buildEventSchema(): Readonly<Record<string, unknown>> {
  return {
    ...z.toJSONSchema(incidentEventSchema, {
      io: 'output',
      override: ({ jsonSchema }) => {
        delete jsonSchema.additionalProperties;
      },
    }),
    title: `${EVENT_DETAIL_TYPE}, version ${EVENT_VERSION}`,
  };
}

/** docs/events.md with every generated part anew. Throws as `fillParts` does. */
export function fillEvents(page: string): string {
  return fillParts('docs/events.md', page, {
    pattern: () =>
      '```json\n' + JSON.stringify({ source: [EVENT_SOURCE], 'detail-type': [EVENT_DETAIL_TYPE] }) + '\n```',
    fields: () =>
      table(
        ['field of `detail`', 'what it says'],
        Object.entries(incidentEventSchema.shape).map(([name, schema]) => [code(name), schema.description ?? '']),
      ),
  });
}
