/** Evidence is not worth more of an incident's time. */
const PATIENCE_MS = 4_000;

/** What was asked for, or `nothing` where that fails or takes too long. */
export async function inTimeOr<T>(nothing: T, evidence: Promise<T>): Promise<T> {
  const late = AbortSignal.timeout(PATIENCE_MS);
  const tooLate = new Promise<T>((resolve) => {
    late.addEventListener('abort', () => resolve(nothing), { once: true });
  });
  return Promise.race([evidence.catch(() => nothing), tooLate]);
}
