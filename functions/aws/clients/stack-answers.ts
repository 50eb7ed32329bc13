const TRIES = 3;
const TIMEOUT_MS = 5_000;

/**
 * Hands an answer in at the URL that CloudFormation has signed for it. Throws when it was not taken in three tries; the
 * message does not name the URL, which is its own password.
 */
export async function sendStackAnswer(url: string, answer: object): Promise<void> {
  const body = JSON.stringify(answer);
  let problem = '';
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      // A content type would have to be part of the signature.
      const headers = { 'content-type': '' };
      const { ok, status } = await fetch(url, {
        method: 'PUT',
        body,
        headers,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (ok) return;
      problem = `status ${status}`;
    } catch (error) {
      problem = error instanceof Error ? error.name : 'unknown error';
    }
  }
  throw new Error(`CloudFormation did not take the answer: ${problem}`);
}
