/** One thing that was expected of a drill, and what was found. */
export interface Check {
  readonly name: string;
  readonly expected: string;
  readonly found: string;
  readonly ok: boolean;
}

export function checkEqual(name: string, expected: string | number, found: string | number | null): Check {
  return { name, expected: String(expected), found: String(found ?? 'none'), ok: expected === found };
}

export function checkThat(name: string, expected: string, found: string | number, ok: boolean): Check {
  return { name, expected, found: String(found), ok };
}
