import { namesOf } from '../house/names.ts';
import type { Finding, Path } from './problems.ts';
import { howToGetCertificates, REGIONS_WITH_CERTIFICATES } from '../house/rds-certificates.ts';
import { longestInputOf, LONGEST_INPUT } from './rule-inputs.ts';
import type { HeadroomConfig, Target } from './schema.ts';

/** What AWS would refuse of a configuration that is valid by itself. Says nothing of targets for runs on this machine. */
export function checkDeployable(config: HeadroomConfig): Finding[] {
  return config.targets.flatMap((target, index) => {
    if (target.auth.mode === 'url') return [];
    const findings = [
      ...checkNames(config, target),
      ...checkLength(config, target),
      ...checkCertificates(config, target),
    ];
    return findings.map((finding) => ({ ...finding, path: ['targets', index, ...finding.path] }));
  });
}

/** EventBridge's for rules. Everything else that is named may be longer. */
const LONGEST_RULE_NAME = 64;

function checkNames({ installation }: HeadroomConfig, { id }: Target): Finding[] {
  const names = namesOf(installation.prefix);
  const rules = [names.alarmRule(id), names.minuteRule(id), names.sampleRule(id), names.checkRule(id)];
  const over = Math.max(...rules.map(({ length }) => length)) - LONGEST_RULE_NAME;
  if (over <= 0) return [];
  const longest = rules.find(({ length }) => length === over + LONGEST_RULE_NAME);
  const message =
    `makes the name of a rule too long: "${longest}", and EventBridge takes ${LONGEST_RULE_NAME} characters; ` +
    `shorten it, or installation.prefix, by ${over}`;
  return [{ path: ['id'], value: id, message }];
}

function checkLength(config: HeadroomConfig, target: Target): Finding[] {
  const length = longestInputOf(config, target);
  if (length <= LONGEST_INPUT) return [];
  const { pools, policy } = target;
  const isPools = JSON.stringify(pools).length > JSON.stringify(policy.protect).length;
  const path: Path = isPools ? ['pools'] : ['policy', 'protect'];
  const message =
    `the settings of target "${target.id}" take ${length} characters, and EventBridge passes on ${LONGEST_INPUT}; ` +
    (isPools ? 'name fewer pools' : 'use prefixes ("batch-*") and networks ("10.1.0.0/16")');
  return [{ path, value: isPools ? pools : policy.protect, message }];
}

function checkCertificates({ installation: { region } }: HeadroomConfig, { tls }: Target): Finding[] {
  const needsThem = tls.mode === 'verify-full' && tls.ca === undefined;
  if (!needsThem || region === undefined || REGIONS_WITH_CERTIFICATES.has(region)) return [];
  return [{ path: ['tls', 'ca'], value: undefined, message: `is missing: ${howToGetCertificates(region)}` }];
}
