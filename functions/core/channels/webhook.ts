import { createHmac } from 'node:crypto';
import { jsonText } from '../words/json-text.ts';
import { sha256 } from '../words/sha256.ts';
import type { ChannelRequest } from './request.ts';
import type { Arrived } from './told.ts';

/** What receivers get: the notice as it is, its JSON form whole. */
export function webhookDocument({ subject, body, attributes, json }: Arrived): string {
  return jsonText({ subject, body, attributes, notice: json });
}

/** What makes a signature: `whsec_` and 24 to 64 bytes in base64. */
const KEY = /^whsec_([A-Za-z0-9+/]{32,86}={0,2})$/;

/** Why a text is no signing key; null when it is one. It does not say what the text is. */
export function signingKeyProblem(text: string): string | null {
  if (KEY.test(text)) return null;
  return 'the signing key must be "whsec_" and base64 of 24 to 64 bytes: printf whsec_; openssl rand -base64 32';
}

/**
 * A signed request, by the specification "Standard Webhooks" 1.0.0: libraries that check it exist for most languages.
 * `at`: epoch milliseconds; receivers refuse old ones, so that nobody sends a request a second time.
 */
export function signedRequest(url: string, document: string, { key, at }: { key: string; at: number }): ChannelRequest {
  const id = `headroom_${sha256(document).slice(0, 32)}`;
  const seconds = Math.floor(at / 1000);
  return {
    url,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': signatureOf({ id, seconds, document, key }),
    },
    body: document,
  };
}

interface Signed {
  readonly id: string;
  readonly seconds: number;
  readonly document: string;
  readonly key: string;
}

/** `v1,` and the HMAC-SHA256 of id, time and body, in base64. */
export function signatureOf({ id, seconds, document, key }: Signed): string {
  const secret = Buffer.from(KEY.exec(key)?.[1] ?? '', 'base64');
  return `v1,${createHmac('sha256', secret).update(`${id}.${seconds}.${document}`).digest('base64')}`;
}
