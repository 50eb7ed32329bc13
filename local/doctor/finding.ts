/** One thing that Headroom needs, and whether it is in place. `unknown`: could not be looked at. */
export interface DoctorFinding {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'failed' | 'unknown';
  readonly found: string;
  /** What to do; null when there is nothing to do. */
  readonly fix: string | null;
}

export function fine(check: string, found: string): DoctorFinding {
  return { check, status: 'ok', found, fix: null };
}

export function warning(check: string, found: string, fix: string): DoctorFinding {
  return { check, status: 'warning', found, fix };
}

export function failed(check: string, found: string, fix: string): DoctorFinding {
  return { check, status: 'failed', found, fix };
}

export function unknown(check: string, found: string, fix: string | null = null): DoctorFinding {
  return { check, status: 'unknown', found, fix };
}
