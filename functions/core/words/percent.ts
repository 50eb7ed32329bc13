/** `90%`: the one way in which percentages are printed. `unknown` is said where there is no value. */
export function percent(value: number | null, unknown = 'unknown'): string {
  return value === null || !Number.isFinite(value) ? unknown : `${Math.round(value)}%`;
}
