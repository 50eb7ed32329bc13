export interface Grant {
  /** One statement, without its semicolon; null for a remark that needs no statement. */
  readonly sql: string | null;
  /** One sentence for whoever reads the script before running it. */
  readonly why: string;
  /** What the client that people use has to be given where that is not the statement and a semicolon. */
  readonly printed?: string;
}

/** For a script that is meant for RDS. */
export const SPARES_ADMINISTRATORS: Grant = {
  sql: null,
  why:
    'Headroom leaves sessions of administrators alone: the master user and members of rds_superuser are your way in. ' +
    'If an application logs in as one of them, give it a login of its own, or list that one in ' +
    'policy.protect.exceptAdministrators.',
};

/** The grants as a script that can be piped into the client: a comment above each statement. */
export function renderGrants(grants: readonly Grant[]): string {
  return grants
    .map(({ sql, why, printed }) => `-- ${why}\n${lines(printed ?? (sql === null ? '' : `${sql};`))}`)
    .join('\n');
}

function lines(text: string): string {
  return text === '' ? '' : `${text}\n`;
}

/** A line break in a name would end the comment and start a statement. */
export function commentSafe(quoted: string): string {
  return quoted.replace(/[\r\n]+/g, ' ');
}
