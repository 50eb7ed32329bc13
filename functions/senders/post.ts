import { setTimeout as sleep } from 'node:timers/promises';
import { parseJson } from '../core/words/parse-json.ts';
import { errorWords } from '../core/words/error-words.ts';
import { printable } from '../core/words/printable.ts';
import type { ChannelRequest } from '../core/channels/request.ts';

/** How long one try may take, and the waits before further ones, in milliseconds. */
export interface Patience {
  readonly limitMs: number;
  readonly waitsMs: readonly number[];
}

const LONGEST_WAIT_MS = 30_000;
const ANSWER_LENGTH = 200;

/** What the other side said. */
export interface Answer {
  readonly status: number;
  /** Null when it is no JSON. */
  readonly json: unknown;
}

/** A failure that may pass by itself. `afterMs`: how long the other side wants us to wait. */
class Passing extends Error {
  override readonly name = 'Passing';
  readonly afterMs: number | null;

  constructor(message: string, afterMs: number | null = null) {
    super(message);
    this.afterMs = afterMs;
  }
}

/**
 * Posts a request, and again where it may help: after no answer, 429 and 5xx. Throws, in words that hold no URL and no
 * header, since these may hold a secret. Redirections are not followed: what is signed or secret is for one address.
 */
export async function post(name: string, request: ChannelRequest, { limitMs, waitsMs }: Patience): Promise<Answer> {
  for (const waitMs of waitsMs) {
    try {
      return await postOnce(name, request, limitMs);
    } catch (error) {
      if (!(error instanceof Passing)) throw error;
      await sleep(Math.min(LONGEST_WAIT_MS, Math.max(waitMs, error.afterMs ?? 0)));
    }
  }
  return postOnce(name, request, limitMs);
}

async function postOnce(name: string, { url, headers, body }: ChannelRequest, limitMs: number): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(limitMs),
  }).catch((error: unknown) => {
    throw new Passing(`${name}: ${withoutAddress(error)}`);
  });
  const text = (await response.text().catch(() => '')).slice(0, 10_000);
  const { status } = response;
  if (response.ok) return { status, json: parseJson(text) };
  const words = `${name} answered ${status}${text === '' ? '' : `: ${printable(text, ANSWER_LENGTH)}`}`;
  if (status === 429 || status >= 500) throw new Passing(words, retryAfterMs(response));
  throw new Error(words);
}

/** Errors of fetch name the URL when it is malformed. */
function withoutAddress(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'ERR_INVALID_URL') return 'its URL is no URL';
  return code !== '' ? code : errorWords(cause);
}

function retryAfterMs(response: Response): number | null {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? 1000 * seconds : null;
}
