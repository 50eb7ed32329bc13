/** Makes the value on the first call and keeps it: clients are built once per process, and not at import. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
