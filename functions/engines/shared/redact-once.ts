import type { Statement } from '../../core/server/statement.ts';

/** Pools send the same few statements from hundreds of sessions: each is redacted once. */
export function redactOnce(redact: (text: string) => Statement): (text: string) => Statement {
  const known = new Map<string, Statement>();
  return (text) => {
    const statement = known.get(text) ?? redact(text);
    known.set(text, statement);
    return statement;
  };
}
