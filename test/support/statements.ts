/** A statement ends its line, after a colon. What a session itself has run is shown too, and is no advice. */
const STATEMENT = /(?<!last ran|last statement): ((?:ALTER|CALL|GRANT|KILL|ROLLBACK|SELECT|SET|UPDATE|XA) .+)$/;

/** The statements that these lines print for people to run, each as a person would copy it. */
export function statementsIn(lines: readonly string[]): string[] {
  return lines.flatMap((line) => STATEMENT.exec(line)?.[1] ?? []);
}
