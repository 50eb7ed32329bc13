import { createHmac, timingSafeEqual } from 'node:crypto';
import type { QuestionKey } from './approval.ts';

/** What a link to a question carries: which question, and the secret that lets its holder answer. */
export interface LinkKey extends QuestionKey {
  readonly secret: string;
}

/** Incident ids and secrets have no dots. */
const LINK_KEY = /^([A-Za-z0-9-]{1,80})\.(\d{1,4})\.([A-Za-z0-9_-]{20,100})$/;

export function linkKey({ incidentId, round }: QuestionKey, secret: string): string {
  return `${incidentId}.${round}.${secret}`;
}

/** Null when the text is not a key. */
export function parseLinkKey(text: string): LinkKey | null {
  const [, incidentId, round, secret] = LINK_KEY.exec(text) ?? [];
  if (incidentId === undefined || round === undefined || secret === undefined) return null;
  return { incidentId, round: Number(round), secret };
}

/** What a link to a report carries: which incident, until when, and the proof that Headroom has written this link. */
export interface ReportKey {
  readonly incidentId: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
  readonly proof: string;
}

const REPORT_KEY = /^([A-Za-z0-9-]{1,80})\.(\d{1,12})\.([A-Za-z0-9_-]{43})$/;

/** `secret`: the incident's own. A report's link opens nothing else, and no other incident's report. */
export function reportKey({ incidentId, expiresAt }: Omit<ReportKey, 'proof'>, secret: string): string {
  return `${incidentId}.${expiresAt}.${proofOf({ incidentId, expiresAt }, secret)}`;
}

/** Null when the text is not a key. */
export function parseReportKey(text: string): ReportKey | null {
  const [, incidentId, expiresAt, proof] = REPORT_KEY.exec(text) ?? [];
  if (incidentId === undefined || expiresAt === undefined || proof === undefined) return null;
  return { incidentId, expiresAt: Number(expiresAt), proof };
}

/** Whether the key was made with this secret. Takes as long for a wrong proof as for a right one. */
export function isProven(key: ReportKey, secret: string): boolean {
  return timingSafeEqual(Buffer.from(key.proof), Buffer.from(proofOf(key, secret)));
}

function proofOf({ incidentId, expiresAt }: Omit<ReportKey, 'proof'>, secret: string): string {
  return createHmac('sha256', secret).update(`report\n${incidentId}\n${expiresAt}`).digest('base64url');
}
