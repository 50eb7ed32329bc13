/** `90%`: the one way to print a percentage. Prints `unknown` where there is no value. */
export function percent(value: number | null, unknown = 'unknown'): string {
  return value === null || !Number.isFinite(value) ? unknown : `${Math.round(value)}%`;
}

/** `87.5%`: a percentage that a person has configured, as it is. */
export function configuredPercent(value: number): string {
  return `${value}%`;
}
