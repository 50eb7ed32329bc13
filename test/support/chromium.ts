import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { findChromium } from './chromium-program.ts';

/** One tab. */
export interface Tab {
  /** Loads a page and waits until it is there. */
  open(url: string): Promise<void>;
  /** Runs an expression in the page and returns its value, which must be plain. */
  evaluate(expression: string): Promise<unknown>;
  /** Runs an expression that leads to another page, and waits until that is there. */
  leaveBy(expression: string): Promise<void>;
  /** Has the page shown as in the dark, or on paper. */
  emulate(media: 'dark' | 'light' | 'print'): Promise<void>;
  /** Writes a picture, as a PNG: of the whole page, or of the rectangle and scale that an expression in it comes to. */
  picture(file: string, area?: string): Promise<void>;
  /** Complaints of the page's own console and of its security policy, so far. */
  readonly complaints: readonly string[];
}

export interface Browser {
  tab(device?: Device): Promise<Tab>;
  stop(): Promise<void>;
}

/** What a page is looked at with, in points. `narrow`: as narrow as phones go. */
const DEVICES = {
  narrow: { width: 360, height: 740, deviceScaleFactor: 3, mobile: true },
  phone: { width: 390, height: 844, deviceScaleFactor: 2, mobile: true },
  desk: { width: 1280, height: 900, deviceScaleFactor: 1, mobile: false },
} as const;
export type Device = keyof typeof DEVICES;

const FLAGS = [
  '--headless',
  // The pages are our own, and root may not use the sandbox.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  '--remote-debugging-port=0',
];
const PATIENCE_MS = 60_000;

/** Starts a headless Chromium with a profile of its own; it talks to this machine alone. */
export async function startChromium(): Promise<Browser> {
  const { file, environment } = await findChromium();
  const profile = await mkdtemp(join(tmpdir(), 'headroom-chromium-'));
  const child = spawn(file, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
    env: { PATH: process.env['PATH'], HOME: profile, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const address = await findAddress(createInterface({ input: child.stderr }));
    const connection = await connect(address);
    return { tab: (device = 'desk') => openTab(connection, device), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function findAddress(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) {
    const [, address] = /DevTools listening on (ws:\/\/\S+)/.exec(line) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error('Chromium ended without saying where it listens');
}

const message = z.object({
  id: z.number().optional(),
  sessionId: z.string().optional(),
  method: z.string().optional(),
  params: z.record(z.string(), z.unknown()).optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ message: z.string() }).optional(),
});
type Message = z.infer<typeof message>;

interface Connection {
  send(method: string, params?: object, sessionId?: string): Promise<Readonly<Record<string, unknown>>>;
  listen(listener: (message: Message) => void): void;
}

/** The DevTools protocol over its WebSocket. */
async function connect(address: string): Promise<Connection> {
  const socket = new WebSocket(address);
  const listeners: ((message: Message) => void)[] = [];
  const waiting = new Map<number, (message: Message) => void>();
  socket.addEventListener('message', ({ data }) => {
    const heard = message.parse(JSON.parse(String(data)));
    if (heard.id === undefined) for (const listener of listeners) listener(heard);
    else waiting.get(heard.id)?.(heard);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', () => reject(new Error(`no connection to Chromium at ${address}`)), {
      once: true,
    });
  });
  let last = 0;
  return {
    listen: (listener) => listeners.push(listener),
    async send(method, params = {}, sessionId) {
      const id = ++last;
      const answered = new Promise<Message>((resolve) => waiting.set(id, resolve));
      socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
      const { result, error } = await answered;
      waiting.delete(id);
      if (result === undefined) throw new Error(`${method}: ${error?.message ?? 'no answer'}`);
      return result;
    },
  };
}

const evaluation = z.object({
  // Absent for undefined.
  result: z.object({ value: z.unknown().optional() }),
  exceptionDetails: z
    .object({ text: z.string(), exception: z.object({ description: z.string() }).optional() })
    .optional(),
});

async function openTab(connection: Connection, device: Device): Promise<Tab> {
  const { targetId } = await connection.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await connection.send('Target.attachToTarget', { targetId, flatten: true });
  const session = z.string().parse(sessionId);
  const send = (method: string, params?: object) => connection.send(method, params, session);
  const complaints: string[] = [];
  const loads = new EventTarget();
  connection.listen(({ sessionId: from, method, params }) => {
    if (from !== session) return;
    if (method === 'Page.loadEventFired') loads.dispatchEvent(new Event('load'));
    if (method === 'Log.entryAdded' || method === 'Runtime.exceptionThrown') complaints.push(JSON.stringify(params));
  });
  for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`);
  await send('Emulation.setDeviceMetricsOverride', DEVICES[device]);

  const untilLoaded = async (begin: () => Promise<unknown>): Promise<void> => {
    const loaded = once(loads, 'load', { signal: AbortSignal.timeout(PATIENCE_MS) });
    await begin();
    await loaded;
  };
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = evaluation.parse(
      await send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true }),
    );
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  return {
    complaints,
    evaluate,
    async emulate(media) {
      const features = [{ name: 'prefers-color-scheme', value: media === 'dark' ? 'dark' : 'light' }];
      await send('Emulation.setEmulatedMedia', { media: media === 'print' ? 'print' : 'screen', features });
    },
    async picture(file, area) {
      const clip = area === undefined ? await wholePage(send) : rectangle.parse(await evaluate(area));
      const { data } = await send('Page.captureScreenshot', { captureBeyondViewport: true, clip });
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, Buffer.from(z.string().parse(data), 'base64'));
    },
    open: (url) => untilLoaded(() => send('Page.navigate', { url })),
    leaveBy: (expression) => untilLoaded(() => evaluate(expression)),
  };
}

const rectangle = z.record(z.enum(['x', 'y', 'width', 'height', 'scale']), z.number());

/** A picture of a long page is no sharper than it must be. */
async function wholePage(send: (method: string) => Promise<Readonly<Record<string, unknown>>>): Promise<object> {
  const metrics = await send('Page.getLayoutMetrics');
  const { width, height } = z.object({ width: z.number(), height: z.number() }).parse(metrics['cssContentSize']);
  return { x: 0, y: 0, width, height, scale: height > 3_000 ? 0.5 : 1 };
}
