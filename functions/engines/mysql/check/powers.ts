import type { CheckFacts } from '../../../core/protocol/check-facts.ts';

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

const OF_ADMINISTRATORS = /\b(ALL PRIVILEGES|CREATE USER|SUPER)\b.* ON \*\.\*|rds_superuser_role/;
/** Of tables and routines; those of the server and of Headroom itself are named apart. */
const OF_APPLICATIONS =
  / ON (?:(?:PROCEDURE|FUNCTION) )?`(?!(?:mysql|performance_schema|sys|headroom)`)|\b(INSERT|UPDATE|DELETE)\b.* ON \*\.\*/;

/** Whose powers these look like, besides Headroom's. Who creates users is an administrator, or RDS's master user. */
export function whoseIs(powers: readonly string[]): Pick<CheckFacts['login'], 'isAdministrator' | 'isApplications'> {
  const has = (pattern: RegExp) => powers.some((power) => pattern.test(power));
  return { isAdministrator: has(OF_ADMINISTRATORS), isApplications: has(OF_APPLICATIONS) };
}
