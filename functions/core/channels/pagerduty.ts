import { sha256 } from '../words/sha256.ts';
import { clipTo, fitLines } from './fit.ts';
import { linksOf } from './links.ts';
import { isOver, type Told } from './told.ts';

// Events API v2: PagerDuty/developer-docs, docs/events-API-v2 (trigger events, change events).

const SUMMARY_LENGTH = 1_024;
const KEY_LENGTH = 255;
/** Of each section: all of them stay far below the 512 KB of an event. */
const DETAIL_LENGTH = 2_500;

/** One event and where it goes. Bodies are without the routing key. */
export interface PagerDutyEvent {
  readonly path: '/v2/enqueue' | '/v2/change/enqueue';
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * The events that a message comes to. An alert for each incident, and others for what must page although somebody has
 * acknowledged the first: PagerDuty notifies nobody of an acknowledged alert again. All are resolved when the incident's
 * trouble is over. What a person need not act on is a change event, which notifies nobody.
 */
export function pagerDutyEvents(told: Told): PagerDutyEvent[] {
  const limits = told.limits.map((limit) => change(told, `${told.target}: ${limit}`));
  if (isOver(told)) {
    const resolved = told.incidentId === '' ? [] : incidentKeys(told).map(resolve);
    return [...resolved, change(told, told.subject), ...limits];
  }
  if (told.notice === 'test') return [trigger(told), resolve(dedupKey(told))];
  return told.severity === 'info' ? [change(told, told.subject), ...limits] : [trigger(told)];
}

function trigger(told: Told): PagerDutyEvent {
  return {
    path: '/v2/enqueue',
    body: {
      event_action: 'trigger',
      dedup_key: dedupKey(told),
      payload: {
        summary: clipTo(told.subject, SUMMARY_LENGTH),
        source: told.target || 'headroom',
        severity: told.severity,
        timestamp: new Date(told.at).toISOString(),
        component: 'headroom',
        class: told.notice,
        custom_details: details(told),
      },
      links: links(told),
      client: 'Headroom',
      ...(told.links.report !== undefined && { client_url: told.links.report }),
    },
  };
}

function resolve(key: string): PagerDutyEvent {
  return { path: '/v2/enqueue', body: { event_action: 'resolve', dedup_key: key } };
}

function change(told: Told, summary: string): PagerDutyEvent {
  return {
    path: '/v2/change/enqueue',
    body: {
      payload: {
        summary: clipTo(summary, SUMMARY_LENGTH),
        source: told.target || 'headroom',
        timestamp: new Date(told.at).toISOString(),
        custom_details: details(told),
      },
      links: links(told),
    },
  };
}

/** Notices that page although the incident's first alert may have been acknowledged. */
const KEY_PARTS: Readonly<Record<string, string>> = {
  escalated: 'escalated',
  failed: 'escalated',
  interrupted: 'escalated',
  'page-2': 'escalated',
  'page-3': 'escalated',
  'page-4': 'escalated',
  'page-5': 'escalated',
  changed: 'changed',
  approval: 'approval',
};

function dedupKey(told: Told): string {
  const { incidentId, notice, target, at } = told;
  // What is about no incident is news each time that it is sent.
  if (incidentId === '') return clipKey(`headroom/${target}/${notice}/${at}`);
  const part = KEY_PARTS[notice];
  if (notice === 'limit-left') return clipKey(`${keyOf(told)}/limit-left/${sha256(told.headline).slice(0, 8)}`);
  return clipKey(part === undefined ? keyOf(told) : `${keyOf(told)}/${part}`);
}

function incidentKeys(told: Told): string[] {
  const parts = [...new Set(Object.values(KEY_PARTS))];
  return [keyOf(told), ...parts.map((part) => `${keyOf(told)}/${part}`)].map(clipKey);
}

function keyOf({ incidentId }: Told): string {
  return `headroom/${incidentId}`;
}

function clipKey(key: string): string {
  return key.length <= KEY_LENGTH ? key : `headroom/${sha256(key)}`;
}

function details({ sections, incidentId }: Told): Readonly<Record<string, string>> {
  const texts = sections.map(([label, lines]) => [label, fitLines(lines, DETAIL_LENGTH)] as const);
  return { ...Object.fromEntries(texts), ...(incidentId !== '' && { Incident: incidentId }) };
}

function links(told: Told): { readonly href: string; readonly text: string }[] {
  return linksOf(told).map(({ url, title }) => ({ href: url, text: title }));
}
