import type { HeadroomConfig } from '../../lib/config/schema.ts';

/** How clients of the SDK reach an installation: its region, and its profile where it names one. */
export function installedClientConfig({
  region = '',
  profile,
}: Pick<HeadroomConfig['installation'], 'region' | 'profile'>) {
  return { region, ...(profile !== undefined && { profile }) };
}
