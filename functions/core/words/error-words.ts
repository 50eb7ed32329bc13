/** The message of an error; the text of anything else that was thrown. */
export function errorWords(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
