import type { Admission, Canary } from './snapshot.ts';

/** Whether an ordinary client got in. */
export function describeCanary(canary: Canary): string {
  switch (canary.result) {
    case 'admitted':
      return `admitted in ${Math.round(canary.tookMs)} ms`;
    case 'refused':
      return `refused as ${canary.refusal.kind}`;
    case 'unknown':
      return 'unknown: no canary is configured';
  }
}

/** How the worker got in. */
export function describeAdmission({ way, reserved, attempts, waitedMs }: Admission): string {
  return `${way}${reserved ? ' with a reserved slot' : ''}, ${attempts} tr${attempts === 1 ? 'y' : 'ies'}, ${Math.round(waitedMs)} ms`;
}
