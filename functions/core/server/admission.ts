import type { Admission, Canary } from './snapshot.ts';

/** How it got in and how long that took, in words: "by its warm session, in 2 ms, and may use reserved slots". */
export function describeAdmission({ way, attempts, waitedMs, reserved }: Admission): string {
  const how = {
    warm: 'by its warm session',
    'first-try': 'at the first try',
    retry: `at try ${attempts}`,
  }[way];
  return `${how}, in ${describeWait(waitedMs)}${reserved ? ', and may use reserved slots' : ''}`;
}

/** Tenths of a second from a second on, milliseconds below it, to distinguish a warm session from a wait. */
export function describeWait(ms: number): string {
  if (ms < 1) return 'under 1 ms';
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

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
