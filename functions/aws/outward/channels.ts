import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { channelSettings, type SecretPlace } from '../../core/channels/settings.ts';
import { parseJson } from '../../core/words/parse-json.ts';
import { channelsFor, type Channel } from '../../senders/channels.ts';
import { readEnvironment } from '../process/environment.ts';
import { once } from '../process/once.ts';
import { deliveriesFromEnvironment } from './deliveries.ts';

/** A secret that was changed is read anew after this. */
const SECRET_MS = 5 * 60_000;

/** The channels of this function's environment (`HEADROOM_CHANNELS`), one set per process. */
export const channelsFromEnvironment = once((): readonly Channel[] => {
  const { HEADROOM_CHANNELS: text } = readEnvironment(['HEADROOM_CHANNELS']);
  const settings = channelSettings.parse(parseJson(text));
  const deliveries = deliveriesFromEnvironment();
  const requestHandler = { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true };
  const topics = new SNSClient({ requestHandler });
  return channelsFor(settings, {
    secretOf: createSecrets(new SecretsManagerClient({ requestHandler })),
    async publish(topicArn, message) {
      await topics.send(new PublishCommand({ TopicArn: topicArn, Message: message }));
    },
    threads: {
      of: (incidentId) => deliveries.threadOf(incidentId, 'slack'),
      begin: (incidentId, thread) => deliveries.beginThread(incidentId, 'slack', thread, Date.now()),
    },
    now: Date.now,
    isPatient: true,
  });
});

/** Reads secrets, each once in five minutes. Errors name the secret and never hold it. */
function createSecrets(client: SecretsManagerClient, now = Date.now): (place: SecretPlace) => Promise<string> {
  const known = new Map<string, { readonly text: Promise<string>; readonly until: number }>();
  const read = async (secretArn: string): Promise<string> => {
    const { SecretString: text = '' } = await client.send(new GetSecretValueCommand({ SecretId: secretArn }));
    if (text.trim() === '') throw new Error(`the secret ${secretArn} holds no text`);
    return text.trim();
  };
  return (place) => {
    if (!('secretArn' in place)) throw new Error(`${place.variable} is for runs on a machine of one's own`);
    const { secretArn } = place;
    const cached = known.get(secretArn);
    if (cached !== undefined && cached.until > now()) return cached.text;
    const text = read(secretArn);
    known.set(secretArn, { text, until: now() + SECRET_MS });
    // What failed is tried again by the next message.
    text.catch(() => known.delete(secretArn));
    return text;
  };
}
