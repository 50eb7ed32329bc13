import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { findTarget } from '../../../local/options/configured-target.ts';
import { nameInstallation } from '../../../local/options/name-installation.ts';

let folder: string;
let file: string;

const onAws = (region: string) => ({
  engine: 'postgres',
  network: {
    vpcId: `vpc-0123456789abcde${region === 'eu-west-1' ? 'e' : 'f'}0`,
    subnetIds: ['subnet-0123456789abcdef0'],
  },
  endpoint: { host: `shop.cluster-c0ffee00beef.${region}.rds.amazonaws.com` },
});
const cluster = (id: string, region: string) => ({
  ...onAws(region),
  id,
  cluster: 'shop',
  resourceId: `cluster-${id.toUpperCase()}ABCDEFGHIJKLMN`,
});
const instance = (id: string, region: string) => ({
  ...onAws(region),
  id,
  instance: id,
  resourceId: `db-${id.toUpperCase()}ABCDEFGHIJKLMN`,
  endpoint: { host: `${id}.c0ffee00beef.${region}.rds.amazonaws.com` },
  maxConnections: 100,
});

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headroom-'));
  file = join(folder, 'fleet.yaml');
  const of = (name: string, region: string, targets: readonly object[]) => ({
    ...{ name, region, account: '111122223333', prefix: `of-${name}`, targets },
  });
  const installations = [
    of('eu', 'eu-west-1', [cluster('shop', 'eu-west-1'), instance('orders', 'eu-west-1')]),
    of('us', 'us-east-1', [cluster('web', 'us-east-1')]),
  ];
  writeFileSync(file, stringify({ installations }));
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['shop', 'shop', 'eu'],
  ['eu/shop', 'shop', 'eu'],
  ['shop/shop-1', 'shop/shop-1', 'eu'],
  ['eu/shop/shop-1', 'shop/shop-1', 'eu'],
  ['web/web-a', 'web/web-a', 'us'],
])('finds the installation of %s', (target, id, name) => {
  expect(nameInstallation({ config: file, target })).toEqual({ config: `${file}#${name}`, target: id });
  expect(findTarget({ config: `${file}#${name}`, target: id }).target.id).toBe(id.split('/')[0]);
});

it.each(['us/shop/shop-1', 'orders/orders-1', 'eu/orders/orders-1', 'nobody/shop-1'])(
  'refuses %s, which no installation has, and names what there is',
  (target) => {
    expect(() => nameInstallation({ config: file, target })).toThrow(
      `--target ${target}: ${file} has no such target; it has eu/shop, eu/orders, us/web`,
    );
  },
);

it('refuses a member of what is no cluster', () => {
  expect(() => findTarget({ config: `${file}#eu`, target: 'orders/orders-1' })).toThrow(
    'has no such target; it has shop, orders',
  );
});
