/** One Ctrl-C can arrive twice: from the terminal, and passed on by the launcher. */
const SAME_KEYPRESS_MS = 1_000;

/** Calls `stop` at the first Ctrl-C; a second one leaves at once. Returns a function that stops listening. */
export function onInterrupt(stop: () => void): () => void {
  let first: number | null = null;
  const listen = (): void => {
    if (first === null) {
      first = Date.now();
      stop();
    } else if (Date.now() - first > SAME_KEYPRESS_MS) {
      process.exit(130);
    }
  };
  process.on('SIGINT', listen).on('SIGTERM', listen);
  return () => void process.off('SIGINT', listen).off('SIGTERM', listen);
}
