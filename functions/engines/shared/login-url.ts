/** What a database URL may say. Everything else about a connection belongs in the config. */
interface LoginUrl {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

export interface UrlScheme {
  /** Without the colon. */
  readonly schemes: readonly string[];
  readonly defaultPort: number;
  /** When the URL names none. */
  readonly defaultDatabase: string;
}

/**
 * Reads a database URL. `source` is its name in errors (the environment variable). Errors never repeat the URL or a
 * part of it, except the names of its query parameters. Throws one error that names every problem.
 */
export function parseLoginUrl(
  text: string,
  source: string,
  { schemes, defaultPort, defaultDatabase }: UrlScheme,
): LoginUrl {
  const form = `${schemes[0]}://USER:PASSWORD@HOST:${defaultPort}/DATABASE`;
  if (!URL.canParse(text))
    throw new Error(`${source}: is not a URL; write ${form}, special characters percent-encoded`);
  const url = new URL(text);

  const problems: string[] = [];
  const decode = (part: string, name: string): string => {
    try {
      return decodeURIComponent(part);
    } catch {
      problems.push(`its ${name} has a percent sign that encodes nothing; write it as %25`);
      return '';
    }
  };
  const user = decode(url.username, 'user');
  const password = decode(url.password, 'password');
  const database = decode(url.pathname.slice(1), 'database') || defaultDatabase;
  const host = decode(url.hostname, 'host').replace(/^\[(.*)\]$/, '$1');

  if (!schemes.includes(url.protocol.slice(0, -1))) {
    problems.push(`its scheme must be ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`);
  }
  if (host === '') problems.push(`it names no host; write ${form}`);
  if (url.username === '') problems.push(`it names no user; write ${form}`);
  if (url.hash !== '') problems.push('it has a fragment (#); write a # in a password as %23');
  const parameters = [...new Set(url.searchParams.keys())];
  if (parameters.length > 0) {
    problems.push(
      `it has query parameters (${parameters.join(', ')}), which are not read; remove them, and set "tls" in the config`,
    );
  }
  if (problems.length > 0) throw new Error(`${source}: ${problems.join('; ')}`);
  return { host, port: url.port === '' ? defaultPort : Number(url.port), database, user, password };
}
