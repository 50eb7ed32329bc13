import { isIPv6 } from 'node:net';
import { DEFAULT_PORTS } from '../../functions/core/server/snapshot.ts';
import type { HeadroomConfig, Target } from '../../lib/config/schema.ts';
import { toWorkerSettings } from '../../lib/config/settings.ts';
import type { FunctionAccess } from '../lambda/function-registry.ts';

/**
 * What a worker gets: its settings, the variables with its URLs, and the servers they name. Throws
 * when a variable that the target names is not set or holds no URL; its value is never repeated.
 */
export function workerAccessOf(
  config: HeadroomConfig,
  target: Target,
  environment: Readonly<Record<string, string | undefined>>,
): FunctionAccess {
  if (target.auth.mode !== 'url') throw new Error(`target ${target.id} has no auth mode "url"`);
  const { variable, canaryVariable } = target.auth;
  const names = canaryVariable === undefined ? [variable] : [variable, canaryVariable];
  const values = names.map((name) => [name, readUrl(name, target, environment)] as const);
  return {
    environment: { ...Object.fromEntries(values), HEADROOM_WORKER: JSON.stringify(toWorkerSettings(config, target)) },
    reachable: values.map(([, url]) => serverOf(new URL(url), DEFAULT_PORTS[target.engine])),
  };
}

function readUrl(name: string, target: Target, environment: Readonly<Record<string, string | undefined>>): string {
  const value = environment[name];
  if (value === undefined || value === '') {
    throw new Error(`${name} is not set; target ${target.id} says it holds the URL to log in with`);
  }
  if (!URL.canParse(value)) throw new Error(`${name}: is not a URL`);
  return value;
}

function serverOf(url: URL, defaultPort: number): string {
  const host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1');
  return `${isIPv6(host) ? host.toLowerCase() : host}:${url.port === '' ? defaultPort : Number(url.port)}`;
}
