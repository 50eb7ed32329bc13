/** Allows one style, by its hash, and nothing else: no script, picture, frame or other server. */
export function contentPolicy(styleHash: string, form: 'self' | 'none'): string {
  return [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    `form-action '${form}'`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
}
