import { errorWords } from '../../functions/core/words/error-words.ts';

/** Where an installation is. */
interface Installation {
  readonly region: string;
  readonly account?: string | undefined;
}

const NO_CREDENTIALS: ReadonlySet<string> = new Set([
  'CredentialsProviderError',
  'TokenProviderError',
  'ExpiredTokenException',
  'ExpiredToken',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'UnrecognizedClientException',
  'AuthFailure',
  'SignatureDoesNotMatch',
]);

/** As the services name it, each by its own protocol. */
const DENIED: ReadonlySet<string> = new Set(['AccessDeniedException', 'AccessDenied', 'UnauthorizedOperation']);

/** Whether the credentials are good and do not suffice. */
export function isDenied(error: unknown): boolean {
  return DENIED.has(nameOf(error));
}

/** What AWS refused, with what a person can do about it; any other error as it is. */
export function explainAws(error: unknown, { region, account }: Installation): unknown {
  const name = nameOf(error);
  const where = `${account === undefined ? 'the account' : `account ${account}`}, region ${region}`;
  if (NO_CREDENTIALS.has(name)) {
    return explained(error, `no valid AWS credentials: sign in to ${where}, and name the profile in AWS_PROFILE`);
  }
  if (name === 'ResourceNotFoundException') {
    return explained(error, `not found: is Headroom deployed to ${where}, and are the credentials of that account?`);
  }
  if (isDenied(error)) return explained(error, `the credentials do not suffice in ${where}`);
  return error;
}

function explained(error: unknown, what: string): Error {
  return new Error(`${what} (${errorWords(error)})`, { cause: error });
}

/** A fault of the worker client has what AWS said as its cause. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return error.name === 'WorkerFault' && error.cause instanceof Error ? error.cause.name : error.name;
}
