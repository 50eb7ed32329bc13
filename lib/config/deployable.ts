import type { Finding, Path } from './problems.ts';
import { howToGetCertificates, REGIONS_WITH_CERTIFICATES } from '../house/rds-certificates.ts';
import type { HeadroomConfig, Target } from './schema.ts';
import { toTargetSettings } from './settings.ts';

/** What AWS would refuse of a configuration that is valid by itself. Says nothing of targets for runs on this machine. */
export function checkDeployable(config: HeadroomConfig): Finding[] {
  const ofTargets = config.targets.flatMap((target, index) => {
    if (target.auth.mode === 'url') return [];
    const findings = [...checkLength(config, target), ...checkCertificates(config, target)];
    return findings.map((finding) => ({ ...finding, path: ['targets', index, ...finding.path] }));
  });
  return [...checkKey(config), ...ofTargets];
}

function checkKey({ encryption: { keyArn }, installation: { region } }: HeadroomConfig): Finding[] {
  const [, , , home] = keyArn?.split(':') ?? [];
  if (home === undefined || region === undefined || home === region) return [];
  const message = `is a key of region ${home}, and the installation is in ${region}; name a key there, or its replica`;
  return [{ path: ['encryption', 'keyArn'], value: keyArn, message }];
}

/**
 * Characters of a target's settings. An incident keeps a copy beside its record, and DynamoDB takes 400 KB for both;
 * Lambda hands CloudFormation's request on with 256 KB.
 */
const LONGEST_SETTINGS = 100_000;

function checkLength(config: HeadroomConfig, target: Target): Finding[] {
  const { length } = JSON.stringify(toTargetSettings(config, target));
  if (length <= LONGEST_SETTINGS) return [];
  const { pools, policy } = target;
  const isPools = JSON.stringify(pools).length > JSON.stringify(policy.protect).length;
  const path: Path = isPools ? ['pools'] : ['policy', 'protect'];
  const message =
    `the settings of target "${target.id}" take ${length} characters, and Headroom takes ${LONGEST_SETTINGS}; ` +
    (isPools ? 'name fewer pools' : 'use prefixes ("batch-*") and networks ("10.1.0.0/16")');
  return [{ path, value: isPools ? pools : policy.protect, message }];
}

function checkCertificates({ installation: { region } }: HeadroomConfig, { tls }: Target): Finding[] {
  const needsThem = tls.mode === 'verify-full' && tls.ca === undefined;
  if (!needsThem || region === undefined || REGIONS_WITH_CERTIFICATES.has(region)) return [];
  return [{ path: ['tls', 'ca'], value: undefined, message: `is missing: ${howToGetCertificates(region)}` }];
}
