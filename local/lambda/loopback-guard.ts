import dgram from 'node:dgram';
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

/** Thrown, or emitted as a socket's error, for an address that a local run must not reach. */
export class NotLoopback extends Error {
  readonly code = 'ERR_NOT_LOOPBACK';
  constructor(what: string) {
    super(`a local run reaches nothing but this machine; refused ${what}`);
    this.name = 'NotLoopback';
  }
}

/** True for addresses of this machine itself and for the name `localhost`. */
function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (bare === 'localhost') return true;
  if (net.isIPv4(bare)) return bare.startsWith('127.');
  return net.isIPv6(bare) && (bare === '::1' || bare.startsWith('::ffff:127.'));
}

/**
 * Closes every way to the network that Node offers, name look-ups included, except to this machine and to `reachable`
 * (`host:port` each). Must run before any other code of the process. `onRefused` is called for each refusal, because
 * the refused code may swallow its error.
 */
export function guardLoopback(reachable: readonly string[], onRefused: (what: string) => void): void {
  const refuse = (what: string): NotLoopback => {
    onRefused(what);
    return new NotLoopback(what);
  };
  guardSockets(reachable, refuse);
  guardDatagrams(refuse);
  guardNames(reachable, refuse);
  syncBuiltinESMExports();
}

type Refuse = (what: string) => NotLoopback;
type Callable = (this: unknown, ...args: unknown[]) => unknown;
type Destination = { readonly host: string; readonly port: string } | { readonly path: string };

/** Where `net.Socket.connect` is to go, in any of its forms. */
function destinationOf(args: readonly unknown[]): Destination {
  const [first, second] = args;
  // `net.connect` passes its own arguments on as one array.
  if (Array.isArray(first)) return destinationOf(first);
  if (typeof first === 'object' && first !== null) {
    const options: { path?: unknown; host?: unknown; port?: unknown } = first;
    if (typeof options.path === 'string') return { path: options.path };
    const host = typeof options.host === 'string' && options.host !== '' ? options.host : 'localhost';
    return { host, port: String(options.port) };
  }
  if (typeof first === 'string' && !/^\d+$/.test(first)) return { path: first };
  return { host: typeof second === 'string' ? second : 'localhost', port: String(first) };
}

function guardSockets(reachable: readonly string[], refuse: Refuse): void {
  const hosts = new Set(reachable.map((host) => host.toLowerCase()));
  const isAllowed = (to: Destination): boolean =>
    !('path' in to) && (isLoopback(to.host) || hosts.has(`${to.host}:${to.port}`.toLowerCase()));
  const connect = Reflect.get(net.Socket.prototype, 'connect') as Callable;
  replace(net.Socket.prototype, 'connect', function (...args) {
    const to = destinationOf(args);
    if (isAllowed(to)) return connect.apply(this, args);
    const error = refuse(`a connection to ${'path' in to ? to.path : `${to.host}:${to.port}`}`);
    // Later, as a failed connection would: `tls.connect` still sets up the socket it gets back.
    if (this instanceof net.Socket) process.nextTick(() => this.destroy(error));
    return this;
  });
}

/** No function of ours sends datagrams. */
function guardDatagrams(refuse: Refuse): void {
  for (const name of ['send', 'connect', 'bind']) {
    replace(dgram.Socket.prototype, name, () => {
      throw refuse(`a datagram socket (${name})`);
    });
  }
}

function guardNames(reachable: readonly string[], refuse: Refuse): void {
  const names = new Set(reachable.map((host) => host.slice(0, host.lastIndexOf(':')).toLowerCase()));
  const isAllowed = (name: string): boolean => isLoopback(name) || names.has(name.toLowerCase());
  const guard = (holder: object, answersByPromise: boolean): void => {
    for (const name of Object.getOwnPropertyNames(holder)) {
      const original: unknown = Reflect.get(holder, name);
      if (typeof original !== 'function' || !/^(?:lookup|lookupService|reverse|resolve[A-Z0-9]?\w*)$/.test(name))
        continue;
      replace(holder, name, function (...args) {
        const asked = String(args[0]);
        if (name === 'lookup' && isAllowed(asked)) return (original as Callable).apply(this, args);
        const error = refuse(`a look-up of ${asked}`);
        if (answersByPromise) return Promise.reject(error);
        const callback = args.at(-1);
        if (typeof callback !== 'function') throw error;
        process.nextTick(callback, error);
        return undefined;
      });
    }
  };
  for (const holder of chainOf(dns.Resolver.prototype)) guard(holder, false);
  for (const holder of chainOf(dns.promises.Resolver.prototype)) guard(holder, true);
  guard(dns, false);
  guard(dns.promises, true);
}

/** A prototype and those it inherits from, without Object's own. */
function chainOf(prototype: object): object[] {
  const parent: unknown = Object.getPrototypeOf(prototype);
  return typeof parent === 'object' && parent !== null ? [prototype, ...chainOf(parent)] : [];
}

function replace(holder: object, name: string, value: Callable): void {
  Object.defineProperty(holder, name, { value, configurable: true, writable: true, enumerable: true });
}
