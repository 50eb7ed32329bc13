import { describeLimitPlan, type PlanSummary } from '../plan/plan-summary.ts';
import { tierNamed } from '../plan/tiers/index.ts';
import { SPARED } from '../policy/spared.ts';
import { SCHEMA } from '../protocol/schema.ts';
import type { Approval } from '../record/approval.ts';
import type { Incident } from '../record/incident.ts';
import { commandFor } from '../words/commands.ts';
import { count } from '../words/count.ts';
import { inWords, utc } from '../words/in-words.ts';
import { percent } from '../words/percent.ts';
import { named, printable } from '../words/printable.ts';
import { build, howToStop } from './form/build.ts';
import { approvalForm } from './json.ts';
import type { Links, Message, Section } from './message.ts';
import { affects, causeLines, reportLine, whereLine } from './sections.ts';
import { clipLines } from './text.ts';

/**
 * For a question that waits for a person. `link` leads to the page that takes the answer; null where there is none.
 * Anyone who has the link may answer, so only this message contains it.
 */
export function composeApproval(
  incident: Incident,
  approval: Approval,
  link: string | null,
  links: Links = {},
): Message {
  const { plan, expiresAt, askedAt } = approval;
  const name = printable(incident.target.id, 40);
  const limit = plan.limit && `a limit of ${plan.limit.limit} on ${named(plan.limit.user, 40)}`;
  const what = [...(limit === null ? [] : [limit]), count(plan.sessions, 'session')].join(', ');
  const used = `${percent(incident.usageAfter)} used`;
  const wait = inWords(expiresAt - askedAt);
  const sections: Section[] = [
    [
      'Do',
      [
        link === null ? 'Answer in the terminal that Headroom runs in.' : `Read and decide: ${link}`,
        `Nothing is done without approval. Without an answer within ${wait} (by ${utc(expiresAt)}) a person is paged.`,
      ],
    ],
    ['Plan', planLines(plan)],
    ['Costs', costLines(plan)],
    ['Sessions', clipLines(plan.consumers.map(({ name: consumer, sessions }) => `${sessions}: ${consumer}`))],
    ['By name', clipLines(plan.named.map(({ words, needsPerson }) => `${words}; ${SPARED[needsPerson]}`))],
    ['Affects', affects(incident, null)],
    ['Where', [whereLine(incident)]],
    ['Cause', causeLines(incident)],
    ['Report', reportLine(incident, links)],
    ['Details', [commandFor(`incidents show ${incident.id}`, incident.target)]],
    ['Times', [`asked ${utc(askedAt)}, open until ${utc(expiresAt)}`]],
    howToStop(incident.target),
  ];
  return build({
    target: name,
    clauses: ['your answer is needed', used, `${plan.tier}: ${what}`],
    sections,
    links: { ...links, ...(link !== null && { approval: link }) },
    json: {
      schema: SCHEMA,
      notice: 'approval',
      severity: 'critical',
      incidentId: incident.id,
      target: incident.target.id,
      engine: incident.target.engine,
      endpoint: printable(incident.target.endpoint, 255),
      ...approvalForm(approval),
      consequence: tierNamed(plan.tier).consequence,
      consumers: plan.consumers.slice(0, 20),
      named: plan.named.map(({ words }) => words),
      link,
      at: askedAt,
    },
    attributes: { severity: 'critical', outcome: 'open', target: name, incidentId: incident.id, notice: 'approval' },
  });
}

/** What would be done, and why where it sets a limit. */
export function planLines({ tier, limit, sessions, cancels, need }: PlanSummary): string[] {
  const how = cancels === 0 ? '' : `, ${cancels} of them by cancelling their query first`;
  const limits = limit === null ? '' : `limits ${describeLimitPlan(limit)}, until the incident is closed, and `;
  return [
    `${tier} ${limits}ends ${count(sessions, 'session')}${how}; ${count(need, 'slot')} must come free`,
    ...(limit === null ? [] : [limit.why]),
  ];
}

/** What a yes means: `end these 11 sessions`. */
export function describeAgreed({ limit, sessions }: PlanSummary): string {
  const limits = limit === null ? [] : [`limit ${describeLimitPlan(limit)}`];
  const ends = sessions === 0 ? [] : [`end ${sessions === 1 ? 'this session' : `these ${sessions} sessions`}`];
  return [...limits, ...ends].join(' and ');
}

/** What it would cost, worst first. */
export function costLines({ tier, losing, writing, rowsModified, named }: PlanSummary): string[] {
  return [
    tierNamed(tier).consequence,
    ...(named.length > 0 ? [`${count(named.length, 'session')} that only a person may end, listed by name below`] : []),
    ...(writing > 0 ? [`${count(writing, 'session')} with uncommitted changes, which roll back`] : []),
    ...(rowsModified > 0 ? [`${count(rowsModified, 'row')} to restore; the slots stay taken until then`] : []),
    ...(losing === 0 ? ['no work is lost'] : [`${count(losing, 'session')} with a query or transaction to lose`]),
  ];
}
