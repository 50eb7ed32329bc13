import type { Power } from '../../../core/protocol/check-facts.ts';

/**
 * What an account may do beyond connecting, from the lines of SHOW GRANTS. Only the part of a line before TO and the
 * account is used: MariaDB puts the hash of the password after it.
 */
export function powersOf(lines: readonly string[]): Power[] {
  return lines.flatMap((line): Power[] => {
    const [, granted = '', account = ''] = /^GRANT (.+?) TO (`(?:[^`]|``)*`@`(?:[^`]|``)*`)/.exec(line) ?? [];
    if (granted === '' || /^USAGE ON /.test(granted)) return [];
    const [, privileges, object] = /^(.+) ON (.+)$/.exec(granted) ?? [];
    if (privileges === undefined) return [{ name: `member of ${granted}`, fix: `REVOKE ${granted} FROM ${account}` }];
    // PROXY cannot be taken away along with others.
    const all =
      privileges === 'PROXY' || !line.includes('WITH GRANT OPTION') ? privileges : `${privileges}, GRANT OPTION`;
    return [{ name: granted, fix: `REVOKE ${all} ON ${object} FROM ${account}` }];
  });
}
