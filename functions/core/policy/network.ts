import { isIP } from 'node:net';

export interface Network {
  readonly address: string;
  /** Length of the prefix. */
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** A network in CIDR form (`10.1.0.0/16`, `fd00::/8`); null when it is none. */
export function readNetwork(text: string): Network | null {
  const [, address = '', digits = ''] = /^([0-9A-Fa-f:.]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  const bits = Number(digits);
  if (family === 0 || bits > (family === 4 ? 32 : 128)) return null;
  return { address, bits, family: family === 4 ? 'ipv4' : 'ipv6' };
}
