import { X509Certificate } from 'node:crypto';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigInvalid } from '../../../lib/config/problems.ts';
import { REGIONS_WITH_CERTIFICATES } from '../../../lib/house/rds-certificates.ts';
import { certificatesFor, rdsCertificatesOf } from '../../../lib/target/rds-ca.ts';

const NOW = new Date('2026-11-21T00:00:00Z');

function subjectsOf(pem: string): string[] {
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return certificates.map((one) => new X509Certificate(one).subject.match(/CN=(.*)/)?.[1] ?? '');
}

test("a region's three authorities are found, and nobody else's", () => {
  expect(subjectsOf(rdsCertificatesOf('us-east-1', NOW))).toEqual([
    'Amazon RDS us-east-1 Root CA RSA2048 G1',
    'Amazon RDS us-east-1 Root CA RSA4096 G1',
    'Amazon RDS us-east-1 Root CA ECC384 G1',
  ]);
});

test('what has expired by the time of synthesis is left out', () => {
  expect(subjectsOf(rdsCertificatesOf('eu-west-1', new Date('2023-01-01')))).toHaveLength(4);
  expect(subjectsOf(rdsCertificatesOf('eu-west-1', NOW))).toHaveLength(3);
});

test('a region without published authorities, and a file that is not there, are problems of the configuration', () => {
  const target = { id: 'orders', tls: { mode: 'verify-full' as const } };
  const missing = { ...target, tls: { ...target.tls, ca: '/nowhere/rds.pem' } };
  for (const attempt of [
    () => certificatesFor(target, 'xx-nowhere-1', NOW),
    () => certificatesFor(missing, 'eu-west-1', NOW),
  ]) {
    expect(attempt).toThrow(ConfigInvalid);
    expect(attempt).toThrow(/tls\.ca of target "orders"/);
  }
});

test('the list of regions is that of the certificates that come along, and the documentation has the same', () => {
  const regions = RegionInfo.regions.map(({ name }) => name);
  const covered = regions.filter((region) => rdsCertificatesOf(region, NOW) !== '');
  expect(covered).toEqual([...REGIONS_WITH_CERTIFICATES]);
  const documentation = readFileSync(join(import.meta.dirname, '../../../docs/engines.md'), 'utf8');
  const [, section = ''] = documentation.split('## Certificates of RDS\n');
  expect(section.split('\n## ')[0]?.match(/`[a-z]+-[a-z-]+-\d`/g)).toEqual(covered.map((region) => `\`${region}\``));
});

test('a connection that is not verified needs none', () => {
  expect(certificatesFor({ id: 'orders', tls: { mode: 'require' } }, 'eu-west-1', NOW)).toBeUndefined();
});
