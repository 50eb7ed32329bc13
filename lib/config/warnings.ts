import { channelsIn, hasChannels } from '../notify/settings.ts';
import type { HeadroomConfig, Target } from './schema.ts';
import { reservedSlotsOf } from './settings.ts';

/**
 * What a person should know before relying on a valid configuration. `place` narrows the ways of notification to those
 * that serve there.
 */
export function warningsOf(config: HeadroomConfig, place?: 'aws' | 'local'): string[] {
  return [...unreachable(config, place), ...config.targets.flatMap(warningsOfTarget)];
}

function unreachable({ notify }: HeadroomConfig, place: 'aws' | 'local' | undefined): string[] {
  const byTopic = notify.email.length + notify.sms.length > 0;
  const onAws = byTopic || hasChannels('aws', notify);
  const byProgram = notify.command !== undefined || typeof notify.webhook === 'string';
  const onThisMachine = byProgram || hasChannels('local', notify);
  if (place === 'aws' && !onAws) {
    return ['notify.email is empty: no person is notified on AWS unless you subscribe one to the notices topic'];
  }
  if (place === 'local' && !onThisMachine) {
    return ['notify has neither command nor webhook: in local runs notices are shown in the terminal only'];
  }
  if (!onAws && !onThisMachine) {
    return [
      'notify is empty: there is no way to reach a person; set notify.email (AWS), notify.command or notify.webhook',
    ];
  }
  return place === 'aws' ? unreachableOnAws(notify) : [];
}

/** A channel that is named and has no secret there would be silent. */
function unreachableOnAws(notify: HeadroomConfig['notify']): string[] {
  const there = channelsIn('aws', notify);
  const named = (['pagerduty', 'slack', 'teams'] as const).filter((name) => notify[name] !== undefined);
  const silent: string[] = named.filter((name) => there[name] === undefined);
  if (typeof notify.webhook === 'object' && there.webhook === undefined) silent.push('webhook');
  return silent.map((name) => `notify.${name} has no secretArn: on AWS nothing is sent there`);
}

function warningsOfTarget(target: Target): string[] {
  const warnings: string[] = [];
  const warn = (message: string): number => warnings.push(`targets ${target.id}: ${message}`);
  if (target.auth.mode !== 'url' && target.engine === 'postgres' && target.reservedSlots === undefined) {
    warn(
      `reservedSlots is not set; the alarm thresholds assume ${reservedSlotsOf(target)}, as RDS for PostgreSQL has it`,
    );
  }
  if (target.tls.mode === 'disable') warn('tls.mode is "disable": credentials and statements travel unencrypted');
  if (target.tls.mode === 'require') warn('tls.mode is "require": the server\'s identity is not verified');
  if (target.auth.mode === 'secret' && target.auth.canarySecretArn === undefined) warn(noCanary('canarySecretArn'));
  if (target.auth.mode === 'url' && target.auth.canaryVariable === undefined) warn(noCanary('canaryVariable'));
  if (target.policy.statements === 'verbatim')
    warn('policy.statements is "verbatim": records will hold data from statements');
  if (target.network !== undefined && target.network.subnetIds.length < 2) {
    warn('network.subnetIds has one subnet: the worker is lost when its zone is');
  }
  return warnings;
}

function noCanary(field: string): string {
  return `auth.${field} is not set: whether ordinary clients get in cannot be tested, relief is judged by usage alone`;
}
