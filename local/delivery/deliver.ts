import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { subjectOf } from '../../functions/core/messages/text.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { jsonText } from '../../functions/core/words/json-text.ts';

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

/** One way by which notices reach people. */
export interface Channel {
  /** Its field of the configuration. */
  readonly name: 'notify.command' | 'notify.webhook';
  /** Throws, in words, when the notice does not get through in ten seconds. */
  send(notice: Notice): Promise<void>;
}

export function channelsOf({ command, webhook }: DeliverySettings): readonly Channel[] {
  return [
    ...(command === undefined
      ? []
      : [{ name: 'notify.command', send: (notice: Notice) => runCommand(command, notice) } as const]),
    ...(webhook === undefined
      ? []
      : [{ name: 'notify.webhook', send: (notice: Notice) => post(webhook, notice) } as const]),
  ];
}

const DELIVERY_LIMIT_MS = 10_000;

function documentOf({ subject, body, attributes, json }: Notice): string {
  return jsonText({ subject, body, attributes, notice: json });
}

/** The command is the user's own, so it has the environment that the user started this program with. */
async function runCommand(command: string, notice: Notice): Promise<void> {
  const child = spawn(command, {
    shell: true,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, HEADROOM_SUBJECT: subjectOf(notice.subject) },
    // A group of its own, so that what the shell started ends with it.
    detached: true,
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-500)));
  // A command that does not read its input is no failure.
  child.stdin.on('error', () => undefined);
  child.stdin.end(documentOf(notice));
  const timer = setTimeout(() => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, DELIVERY_LIMIT_MS);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    if (code === 0) return;
    const said = errors.trim() === '' ? '' : `: ${errors.trim()}`;
    throw new Error(`notify.command ended with ${signal ?? `status ${String(code)}`}${said}`);
  } finally {
    clearTimeout(timer);
  }
}

async function post(url: string, notice: Notice): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: documentOf(notice),
    signal: AbortSignal.timeout(DELIVERY_LIMIT_MS),
  }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    throw new Error(`notify.webhook: ${errorWords(error)}${cause}`);
  });
  await response.body?.cancel();
  // The URL may hold a token, so it is not named.
  if (!response.ok) throw new Error(`notify.webhook answered ${response.status}`);
}
