import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Arrived } from '../../functions/core/channels/told.ts';
import { webhookDocument } from '../../functions/core/channels/webhook.ts';
import { subjectOf } from '../../functions/core/messages/form/subject.ts';
import { channelsFor, type Channel as Sender, type ChannelDependencies } from '../../functions/senders/channels.ts';
import { post } from '../../functions/senders/post.ts';
import { channelsIn, type Notify } from '../../lib/notify/settings.ts';

/** How notices of a local run reach a person: `notify` of the configuration. */
export type DeliverySettings = Partial<Notify>;

/** A notice as the topic took it. */
export type Notice = Arrived;

/** One way by which notices reach people. */
export interface Channel {
  /** Its field of the configuration. */
  readonly name: Sender['name'] | 'notify.command';
  /** Throws, in words, when the notice does not get through in some ten seconds. */
  send(notice: Notice): Promise<void>;
}

/** `environment`: where the secrets of channels are. */
export function channelsOf(
  { command, ...settings }: DeliverySettings,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): readonly Channel[] {
  const { webhook } = settings;
  const url = typeof webhook === 'string' ? webhook : undefined;
  return [
    ...(command === undefined
      ? []
      : [{ name: 'notify.command', send: (notice: Notice) => runCommand(command, notice) } as const]),
    ...(url === undefined
      ? []
      : [{ name: 'notify.webhook', send: (notice: Notice) => postUnsigned(url, notice) } as const]),
    ...channelsFor(channelsIn('local', { email: [], sms: [], ...settings }), dependencies(environment)),
  ];
}

function dependencies(environment: Readonly<Record<string, string | undefined>>): ChannelDependencies {
  const threads = new Map<string, string>();
  return {
    secretOf(place) {
      const name = 'variable' in place ? place.variable : '';
      const value = environment[name]?.trim() ?? '';
      return value === ''
        ? Promise.reject(new Error(`the environment variable ${name} is not set`))
        : Promise.resolve(value);
    },
    publish: () => Promise.reject(new Error('there are no other topics on this machine')),
    threads: {
      of: (incidentId) => Promise.resolve(threads.get(incidentId) ?? null),
      begin(incidentId, messageId) {
        threads.set(incidentId, messageId);
        return Promise.resolve();
      },
    },
    now: Date.now,
    // Whoever hands a notice over waits for it, and tries again later.
    isPatient: false,
  };
}

const DELIVERY_LIMIT_MS = 10_000;

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
  child.stdin.end(webhookDocument(notice));
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

async function postUnsigned(url: string, notice: Notice): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  await post(
    'notify.webhook',
    { url, headers, body: webhookDocument(notice) },
    { limitMs: DELIVERY_LIMIT_MS, waitsMs: [] },
  );
}
