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

const ENCODE = 'write the characters @ : / ? # and % of a password as %40 %3A %2F %3F %23 and %25';
const SOCKET = 'Headroom does not use Unix sockets: name the host, such as 127.0.0.1';

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
  if (!URL.canParse(text)) {
    const hostless = /@(\/|$)/.test(text) ? `. ${SOCKET}` : '';
    throw new Error(`${source}: is not a URL; write ${form}, and ${ENCODE}${hostless}`);
  }
  const url = new URL(text);
  // Whatever else it seems to say may be a part of the password.
  if (isCutInPassword(url)) throw new Error(`${source}: its password seems to end too early; ${ENCODE}`);

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
  if (host === '') problems.push(`it names no host; write ${form}. ${SOCKET}`);
  if (host.startsWith('/')) problems.push(`its host is a path; ${SOCKET}`);
  if (url.username === '') problems.push(`it names no user; write ${form}`);
  if (url.hash !== '') problems.push('it has a fragment (#); write a # in a password as %23');
  problems.push(...parameterProblems(url));
  if (problems.length > 0) throw new Error(`${source}: ${problems.join('; ')}`);
  return { host, port: url.port === '' ? defaultPort : Number(url.port), database, user, password };
}

/** A `/`, `?` or `#` in a password ends what a URL has for user, password and host; the `@` before the host is left over. */
function isCutInPassword({ pathname, search, hash }: URL): boolean {
  return `${pathname}${search}${hash}`.includes('@');
}

function parameterProblems({ searchParams }: URL): string[] {
  const names = [...new Set(searchParams.keys())];
  if (names.length === 0) return [];
  const isSocket = names.some((name) => /^(host|socket|socketPath|unix_socket|unix_socket_path)$/i.test(name));
  const listed = `it has query parameters (${names.join(', ')}), which are not read`;
  return [`${listed}; remove them, and set "tls" in the config${isSocket ? `. ${SOCKET}` : ''}`];
}
