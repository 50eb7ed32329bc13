import { metricNamesOf } from '../../functions/core/sampler/figures.ts';
import type { HeadroomConfig, Target } from '../config/schema.ts';
import { pageOfConfig } from '../config/settings.ts';
import type { CostShape, TargetShape } from './estimate.ts';

/** A target by the defaults. */
export const DEFAULT_SHAPE: TargetShape = {
  everySeconds: 60,
  metrics: metricNamesOf('few').length,
  endpointSubnets: 0,
};

/**
 * The targets of a configuration as an installation on AWS would have them; those of this machine alone by their
 * policy.
 */
export function shapeOf(config: HeadroomConfig): CostShape {
  return {
    targets: config.targets.map(shapeOfTarget),
    asks: pageOfConfig(config).isThere,
    hasDashboard: config.installation.dashboard,
  };
}

function shapeOfTarget({ auth, network, policy }: Target): TargetShape {
  const hasEndpoint = auth.mode === 'secret' && auth.secretsAccess === 'endpoint';
  return {
    everySeconds: policy.sampling.everySeconds,
    metrics: metricNamesOf(policy.sampling.metrics).length,
    endpointSubnets: hasEndpoint ? (network?.subnetIds.length ?? 0) : 0,
  };
}
