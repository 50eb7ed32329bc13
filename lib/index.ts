// What `import … from '@headroom-rds/headroom'` gives.

export { ConfigInvalid, type ConfigProblem } from './config/problems.ts';
export type { HeadroomProps, ProtectAuth, ProtectProps } from './database/props.ts';
export { Headroom } from './headroom.ts';
