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
