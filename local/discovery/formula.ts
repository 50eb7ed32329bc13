/** What a formula of a parameter group may name. */
export interface Variables {
  /** Bytes. */
  readonly DBInstanceClassMemory: number;
}

/**
 * The value of a parameter as RDS computes it: a number, or a formula such as
 * `LEAST({DBInstanceClassMemory/9531392},5000)`, rounded down. Null for anything else.
 * The grammar is that of "Specifying DB parameters" in the user guide of RDS; `log` is the one of base 2.
 */
export function valueOf(text: string, variables: Variables): number | null {
  const tokens = text.match(TOKEN) ?? [];
  if (tokens.join('') !== text.replaceAll(/\s+/g, '')) return null;
  try {
    const parser = createParser(tokens, variables);
    const value = Math.floor(parser.sum());
    return parser.isAtEnd() && Number.isFinite(value) ? value : null;
  } catch (error) {
    if (error instanceof NoFormula) return null;
    throw error;
  }
}

/** Whether it depends on the memory of the instance. */
export function isFormula(text: string): boolean {
  return !/^\s*\d+\s*$/.test(text);
}

const TOKEN = /\d+(?:\.\d+)?|[A-Za-z]+|[-+*/(){},]/g;

class NoFormula extends Error {}

const FUNCTIONS: Readonly<Record<string, (values: readonly number[]) => number>> = {
  LEAST: (values) => Math.min(...values),
  GREATEST: (values) => Math.max(...values),
  SUM: (values) => values.reduce((sum, value) => sum + value, 0),
  LOG: ([value = NaN]) => Math.log2(value),
};

function createParser(tokens: readonly string[], variables: Variables) {
  let at = 0;
  const take = (...wanted: readonly string[]): string | null => {
    const token = tokens[at];
    if (token === undefined || !wanted.includes(token)) return null;
    at += 1;
    return token;
  };
  const need = (token: string): void => {
    if (take(token) === null) throw new NoFormula(token);
  };

  const sum = (): number => {
    let value = product();
    for (let sign = take('+', '-'); sign !== null; sign = take('+', '-')) {
      value += sign === '+' ? product() : -product();
    }
    return value;
  };
  const product = (): number => {
    let value = factor();
    for (let sign = take('*', '/'); sign !== null; sign = take('*', '/')) {
      value = sign === '*' ? value * factor() : value / factor();
    }
    return value;
  };
  const factor = (): number => {
    const open = take('(', '{');
    if (open !== null) {
      const value = sum();
      need(open === '(' ? ')' : '}');
      return value;
    }
    const token = tokens[at++] ?? '';
    if (/^\d/.test(token)) return Number(token);
    if (token === 'DBInstanceClassMemory') return variables[token];
    return call(token);
  };
  const call = (name: string): number => {
    const apply = FUNCTIONS[name.toUpperCase()];
    if (apply === undefined) throw new NoFormula(name);
    need('(');
    const values = [sum()];
    while (take(',') !== null) values.push(sum());
    need(')');
    return apply(values);
  };
  return { sum, isAtEnd: () => at === tokens.length };
}
