import type { IncidentStore } from '../core/ports/incident-store.ts';
import { hashSecret, type Answer, type Approval } from '../core/record/approval.ts';
import type { Incident } from '../core/record/incident.ts';
import { isProven, parseLinkKey, parseReportKey, type LinkKey } from '../core/record/link-key.ts';
import { readRecord } from '../core/ports/incident-record.ts';
import { commandFor } from '../core/words/commands.ts';
import { printable } from '../core/words/printable.ts';
import { answerQuestion, type AnswerDependencies } from '../incident/answer-question.ts';
import type { Html } from '../core/pages/html.ts';
import { parsePageRequest, type PageRequest } from './page-request.ts';
import { NAME_LENGTH, questionPage, recordedPage, refusalPage, STYLE_HASH } from './page.ts';
import { contentPolicy } from '../core/pages/content-policy.ts';

export interface DecideDependencies extends AnswerDependencies {
  readonly store: AnswerDependencies['store'] &
    Pick<IncidentStore, 'approvals' | 'incidents' | 'notices' | 'rounds' | 'acts' | 'limits'>;
  /** Links to reports work until they run out; otherwise none does, whenever it was sent. */
  readonly showsReports: boolean;
  readonly now: () => number;
}

/** As API Gateway takes it. */
export interface PageResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The page where a person answers a question. GET shows it and decides nothing, since programs follow links too; only
 * POST decides, once, with the link's secret, the plan that was shown and a name.
 */
export async function decide(payload: unknown, deps: DecideDependencies): Promise<PageResponse> {
  const request = parsePageRequest(payload);
  switch (request.method) {
    case 'GET':
      return request.query['report'] === undefined
        ? show(request.query['key'] ?? '', deps)
        : showReport(request.query['report'], deps);
    case 'POST':
      return takeAnswer(request, deps);
    default:
      return refuse(405, 'This page cannot do that', 'It shows a question, and takes the answer of its form.', {
        Allow: 'GET, POST',
      });
  }
}

interface Asked {
  readonly key: LinkKey;
  readonly incident: Incident;
  readonly approval: Approval;
}

async function show(text: string, deps: DecideDependencies): Promise<PageResponse> {
  const asked = await find(text, deps);
  if (asked === null) return unknownLink();
  return refuseOver(asked, deps.now()) ?? respond(200, questionPage({ ...asked, now: deps.now() }, text, null));
}

/** A form is a few hundred bytes. */
const LONGEST_BODY = 8_192;

async function takeAnswer({ headers, body, address }: PageRequest, deps: DecideDependencies): Promise<PageResponse> {
  if (!/^application\/x-www-form-urlencoded(;|$)/i.test(headers['content-type'] ?? '')) {
    return refuse(415, 'This is no answer', 'Use the form of the page.');
  }
  if (body.length > LONGEST_BODY) return refuse(413, 'This is no answer', 'It is too long. Use the form of the page.');
  // Sent by every browser of today: the form of another site is not ours.
  if (!['same-origin', 'none', undefined].includes(headers['sec-fetch-site'])) {
    return refuse(403, 'This is no answer', 'It was sent from another page. Use the form of the page.');
  }
  const form = new URLSearchParams(body);
  const text = form.get('key') ?? '';
  const asked = await find(text, deps);
  if (asked === null) return unknownLink();
  const over = refuseOver(asked, deps.now(), 409);
  if (over !== null) return over;

  const filled = readForm(form);
  if ('problem' in filled) {
    return respond(400, questionPage({ ...asked, now: deps.now() }, text, filled.problem));
  }
  const { answer, planHash, by } = filled;
  const secretHash = hashSecret(asked.key.secret);
  const decision = { by, via: 'page', address, at: deps.now() } as const;
  const answered = await answerQuestion(asked.key, { answer, planHash, secretHash, decision }, deps);
  switch (answered.kind) {
    case 'recorded':
      return respond(200, recordedPage(asked.incident, answered.approval));
    case 'late':
      return refuseOver({ ...asked, approval: answered.approval }, deps.now(), 409) ?? unknownLink();
    case 'changed':
      return refuse(
        409,
        'Not recorded',
        'The answer is for another plan than this link is about. Open the link again.',
      );
    case 'unknown':
      return unknownLink();
  }
}

/** The question that a link leads to; null without one, whatever the reason, so that guessing reveals nothing. */
async function find(text: string, { store }: DecideDependencies): Promise<Asked | null> {
  const key = parseLinkKey(text);
  if (key === null) return null;
  const approval = await store.approvals.readQuestion(key, hashSecret(key.secret));
  const incident = approval && (await store.incidents.byId(key.incidentId));
  return approval && incident && { key, approval, incident };
}

type Filled =
  { readonly answer: Answer; readonly planHash: string; readonly by: string } | { readonly problem: string };

function readForm(form: URLSearchParams): Filled {
  const answer = form.get('answer');
  const by = printable((form.get('name') ?? '').trim(), NAME_LENGTH);
  if (answer !== 'approved' && answer !== 'denied') return { problem: 'Say yes or no.' };
  // A name is at least a letter or a digit, whatever the alphabet.
  if (!/[\p{L}\p{N}]/u.test(by)) return { problem: 'Say who you are: it goes on record with the answer.' };
  return { answer, planHash: form.get('plan') ?? '', by };
}

/** Null while the question waits for an answer. `answeredStatus`: for one that has been answered. */
function refuseOver({ approval, incident }: Asked, now: number, answeredStatus = 410): PageResponse | null {
  const { status, decision, expiresAt } = approval;
  if (decision !== null) {
    const by = `${printable(decision.by, NAME_LENGTH)} at ${new Date(decision.at).toISOString()}`;
    return refuse(answeredStatus, 'Answered already', `This was ${status} by ${by}. A question is answered once.`);
  }
  if (status === 'withdrawn' || incident.status !== 'open') {
    return refuse(
      410,
      'Not waited for any more',
      'Headroom goes on without an answer to this question, and has ended nothing on its account.',
    );
  }
  if (status === 'expired' || now >= expiresAt) {
    return refuse(410, 'Too late', 'Nobody answered in time. Nothing was ended, and a person is paged.');
  }
  return null;
}

/**
 * The report that a link leads to. It is read and nothing is written. Without a right key nobody learns whether there
 * is such an incident.
 */
async function showReport(text: string, { store, now, showsReports }: DecideDependencies): Promise<PageResponse> {
  const key = parseReportKey(text);
  if (key === null || !showsReports) return unknownLink();
  const secret = await store.notices.reportSecret(key.incidentId, null);
  if (secret === null || !isProven(key, secret)) return unknownLink();
  const incident = await store.incidents.byId(key.incidentId);
  if (incident === null) return unknownLink();
  if (now() >= key.expiresAt * 1000) {
    const command = commandFor(`incidents report ${incident.id}`, incident.target);
    return refuse(410, 'This link has run out', `The report is still there: ${command}`);
  }
  // Most who come here answer a question: they do not wait for it.
  const [{ reportPage }, { reportOn }, { REPORT_STYLE_HASH }] = await Promise.all([
    import('../core/pages/report-page.ts'),
    import('../core/report/report.ts'),
    import('../core/pages/report-style.ts'),
  ]);
  return respond(200, reportPage(reportOn(await readRecord(store, incident), now())), {
    'Content-Security-Policy': contentPolicy(REPORT_STYLE_HASH, 'none'),
  });
}

function unknownLink(): PageResponse {
  return refuse(404, 'There is nothing here', 'The link is not complete, or not one of ours.');
}

function refuse(statusCode: number, title: string, words: string, headers = {}): PageResponse {
  return respond(statusCode, refusalPage(title, words), headers);
}

const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': contentPolicy(STYLE_HASH, 'self'),
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  // The link is the secret: it goes to nobody else, and nobody keeps the page.
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  'Strict-Transport-Security': 'max-age=63072000; includeSubDomains',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Robots-Tag': 'noindex',
} as const;

function respond(statusCode: number, page: Html, headers = {}): PageResponse {
  return { statusCode, headers: { ...HEADERS, ...headers }, body: page.toString() };
}
