import type { CheckFinding } from '../../functions/core/check/finding.ts';
import { renderSections, subjectLine, utc } from '../../functions/core/messages/text.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { channelsOf, type DeliverySettings, type Notice } from './deliver.ts';

/** Whether notices reach people by one channel. */
export interface ChannelFinding extends Omit<CheckFinding, 'id'> {
  readonly id: 'notices';
}

/** Sends a test notice by every channel, and returns a finding for each; a failed one where there is no channel. */
export async function testChannels(settings: DeliverySettings, targetId: string): Promise<readonly ChannelFinding[]> {
  const channels = channelsOf(settings);
  const notice = testNotice(targetId, Date.now());
  if (channels.length === 0) {
    const fix = 'set notify.command or notify.webhook in the configuration';
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
  const headline = 'test notice';
  return {
    subject: subjectLine('info', target, headline),
    body: renderSections(`${target}: ${headline}`, [
      ['Do', ['Nothing: "headroom doctor --notify" has sent it.']],
      ['Times', [`written ${utc(at)}`]],
    ]),
    attributes: { severity: 'info', outcome: 'test', target, incidentId: '', notice: 'test' },
    json: { notice: 'test', severity: 'info', target, at },
  };
}
