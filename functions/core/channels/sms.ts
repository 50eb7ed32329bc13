import type { Message } from '../messages/message.ts';

/** One message of a phone holds 140 bytes; more is sent, and paid for, in parts. */
const MOST_BYTES = 140;

/** The subject, which is ASCII, and where there is room for it how to read on. */
export function smsText({ subject, attributes: { incidentId } }: Pick<Message, 'subject' | 'attributes'>): string {
  const more = incidentId === '' ? '' : ` (incident ${incidentId})`;
  const whole = subject + more;
  return whole.length <= MOST_BYTES ? whole : subject.slice(0, MOST_BYTES);
}
