import * as z from 'zod/mini';
import { parseJson } from '../../core/words/parse-json.ts';

/** The SDK is loaded when it is first needed: a login by URL needs none of it. */

export interface IamLogin {
  readonly region: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** A password for one login, valid for 15 minutes. Signed in this process: no call, no endpoint. */
export async function signIamToken({ region, host, port, user }: IamLogin): Promise<string> {
  const { Signer } = await import('@aws-sdk/rds-signer');
  return new Signer({ region, hostname: host, port, username: user }).getAuthToken();
}

const secretSchema = z.object({ username: z.string(), password: z.string() });
export type DatabaseSecret = z.infer<typeof secretSchema>;

/**
 * Reads a Secrets Manager secret that is JSON with `username` and `password`. Throws an error that names the secret and
 * what is wrong, never its value.
 */
export async function readSecret(region: string, arn: string): Promise<DatabaseSecret> {
  const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient({
    region,
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000 },
  });
  let text: string | undefined;
  try {
    text = (await client.send(new GetSecretValueCommand({ SecretId: arn }))).SecretString;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.name : 'unknown';
    const advice = "check the worker's role and its way to Secrets Manager";
    throw new Error(`cannot read the secret ${arn} (${reason}); ${advice}`, { cause });
  } finally {
    client.destroy();
  }
  const parsed = secretSchema.safeParse(parseJson(text ?? ''));
  if (!parsed.success) throw new Error(`the secret ${arn} must be JSON with the texts "username" and "password"`);
  return parsed.data;
}
