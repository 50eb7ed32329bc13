import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { subjectOf } from '../../functions/core/messages/text.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { jsonText } from '../../functions/core/words/json-text.ts';
import type { OnProgress } from '../machine/progress.ts';

/** How notices of a local run reach a person; both may be given. */
export interface DeliverySettings {
  /** Shell command; gets the notice's JSON on its standard input and the subject in HEADROOM_SUBJECT. */
  readonly command?: string | undefined;
  /** URL that the notice's JSON is posted to. */
  readonly webhook?: string | undefined;
}

/** A notice as the topic took it. */
export interface Notice {
  readonly subject: string;
  /** The text for people. */
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The form for machines; null when the message has none. */
  readonly json: unknown;
}

const DELIVERY_LIMIT_MS = 10_000;

/**
 * Delivers a notice in every way that is configured. Throws with the reasons of those that failed, after all were
 * tried.
 */
export async function deliver(notice: Notice, { command, webhook }: DeliverySettings): Promise<void> {
  const text = jsonText({
    subject: notice.subject,
    body: notice.body,
    attributes: notice.attributes,
    notice: notice.json,
  });
  const attempts = await Promise.allSettled([
    ...(command === undefined ? [] : [runCommand(command, notice.subject, text)]),
    ...(webhook === undefined ? [] : [post(webhook, text)]),
  ]);
  const failures = attempts.flatMap((attempt) => (attempt.status === 'rejected' ? [errorWords(attempt.reason)] : []));
  if (failures.length > 0) throw new Error(failures.join('; '));
}

/** The command is the user's own, so it has the environment that the user started this program with. */
async function runCommand(command: string, subject: string, text: string): Promise<void> {
  const child = spawn(command, {
    shell: true,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, HEADROOM_SUBJECT: subjectOf(subject) },
    // A group of its own, so that what the shell started ends with it.
    detached: true,
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-500)));
  // A command that does not read its input is no failure.
  child.stdin.on('error', () => undefined);
  child.stdin.end(text);
  const timer = setTimeout(() => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, DELIVERY_LIMIT_MS);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    if (code !== 0)
      throw new Error(`notify.command ended with ${signal ?? `status ${String(code)}`}: ${errors.trim()}`);
  } finally {
    clearTimeout(timer);
  }
}

async function post(url: string, text: string): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: text,
    signal: AbortSignal.timeout(DELIVERY_LIMIT_MS),
  }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    throw new Error(`notify.webhook: ${errorWords(error)}${cause}`);
  });
  await response.body?.cancel();
  // The URL may hold a token, so it is not named.
  if (!response.ok) throw new Error(`notify.webhook answered ${response.status}`);
}

/** Delivers a notice and reports how that went. A failed delivery is reported, not thrown. */
export async function deliverAndReport(
  notice: Notice,
  notify: DeliverySettings,
  onProgress: OnProgress,
): Promise<void> {
  const isDeliverable = notify.command !== undefined || notify.webhook !== undefined;
  const detail = isDeliverable ? await deliver(notice, notify).then(() => '', errorWords) : '';
  const delivery = !isDeliverable ? 'none' : detail === '' ? 'delivered' : 'failed';
  const { subject, body, attributes } = notice;
  onProgress({ kind: 'notification', at: Date.now(), subject, body, attributes, delivery, detail });
}
