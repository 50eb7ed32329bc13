import { arrivedOf } from '../../functions/core/channels/told.ts';
import type { CheckFinding } from '../../functions/core/check/finding.ts';
import { build } from '../../functions/core/messages/form/build.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { channelsOf, type DeliverySettings, type Notice } from './deliver.ts';
import { utc } from '../../functions/core/words/in-words.ts';

/** Whether notices reach people by one channel. */
export interface ChannelFinding extends Omit<CheckFinding, 'id'> {
  readonly id: 'notices';
}

/** Sends a test notice by every channel, and returns a finding for each; a failed one where there is no channel. */
export async function testChannels(settings: DeliverySettings, targetId: string): Promise<readonly ChannelFinding[]> {
  const channels = channelsOf(settings);
  const notice = testNotice(targetId, Date.now());
  if (channels.length === 0) {
    const fix = 'set notify.command, or another channel of docs/notify.md with a variable for its secret';
    return [findingOf('notices reach people', 'no channel is configured for runs on this machine', fix)];
  }
  return Promise.all(
    channels.map(async (channel) => {
      const title = `notices by ${channel.name}`;
      return channel.send(notice).then(
        () => findingOf(title, 'it took a test notice: see that it has arrived', null),
        (error: unknown) => findingOf(title, errorWords(error), `repair ${channel.name} in the configuration`),
      );
    }),
  );
}

function findingOf(title: string, detail: string, fix: string | null): ChannelFinding {
  return { id: 'notices', title, status: fix === null ? 'ok' : 'failed', detail, fix };
}

function testNotice(target: string, at: number): Notice {
  const message = build({
    target,
    clauses: ['test notice'],
    sections: [
      ['Do', ['Nothing: "npx --no headroom doctor --notify" has sent it.']],
      ['Affects', [`nobody: a person asked for this notice at ${utc(at)}`]],
      ['What', ['Nothing is wrong. It shows that notices of Headroom arrive here.']],
      ['Times', [`written ${utc(at)}`]],
      ['Stop', ['There is nothing to stop: a test notice ends no session, and no other one follows.']],
    ],
    json: { notice: 'test', severity: 'info', target, at },
    attributes: { severity: 'info', outcome: 'test', target, incidentId: '', notice: 'test' },
  });
  return arrivedOf(message);
}
