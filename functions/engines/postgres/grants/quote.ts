/** As a literal that is the same under every setting of the server. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** Throws, naming the field, for what cannot be a PostgreSQL name. */
export function quoteName(field: string, name: string): string {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > 63 || name.includes('\0')) {
    throw new Error(
      `${field}: ${JSON.stringify(name)} cannot be a PostgreSQL name; use 1 to 63 bytes without a zero byte`,
    );
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** The body of a routine, which may hold names that look like its end. */
export function quoteBody(body: string): string {
  let tag = '$headroom$';
  while (body.includes(tag)) tag = tag.replace(/\$$/, '_$');
  return `${tag}\n${body}\n${tag}`;
}
