import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
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

test('a region without published authorities asks for a file by name', () => {
  const target = { id: 'orders', tls: { mode: 'verify-full' as const } };
  expect(() => certificatesFor(target, 'xx-nowhere-1', NOW)).toThrow(/tls\.ca of target orders/);
});

test('a connection that is not verified needs none', () => {
  expect(certificatesFor({ id: 'orders', tls: { mode: 'require' } }, 'eu-west-1', NOW)).toBeUndefined();
});
