/**
 * What an account may do beyond connecting, from the lines of SHOW GRANTS. Only the part of a line before TO and the
 * account is used: MariaDB puts the hash of the password after it.
 */
export function powersOf(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [, granted = ''] = /^GRANT (.+?) TO `(?:[^`]|``)*`@`(?:[^`]|``)*`/.exec(line) ?? [];
    if (granted === '' || /^USAGE ON /.test(granted)) return [];
    return [/ ON /.test(granted) ? granted : `member of ${granted}`];
  });
}

/** Whether these are the powers of somebody who creates users: the server's administrator, or RDS's master user. */
export function isAdministrator(powers: readonly string[]): boolean {
  return powers.some((power) => /\b(ALL PRIVILEGES|CREATE USER|SUPER)\b.* ON \*\.\*|rds_superuser_role/.test(power));
}
