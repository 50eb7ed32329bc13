import { clipTo, fitLines } from './fit.ts';
import { linksOf } from './links.ts';
import { isOver, linesOf, type Told } from './told.ts';

// Limits of Block Kit: @slack/types 3.2.0. A message that breaks one is refused whole.

const HEADER_LENGTH = 150;
const SECTION_LENGTH = 3_000;
const TEXT_LENGTH = 3_000;
const MOST_BLOCKS = 50;
/** What somebody reads before they decide; the rest is in the thread, or behind the links. */
const FIRST_LABELS = ['Affects', 'How bad', 'What', 'Why', 'Cause', 'Done', 'Would do', 'Next', 'Ack', 'Stop'];

type PlainText = { readonly type: 'plain_text'; readonly text: string; readonly emoji: boolean };
type Block =
  | { readonly type: 'header'; readonly text: PlainText }
  | { readonly type: 'section'; readonly text: PlainText }
  | { readonly type: 'context'; readonly elements: readonly PlainText[] }
  | { readonly type: 'actions'; readonly elements: readonly Button[] };
interface Button {
  readonly type: 'button';
  readonly action_id: string;
  readonly text: PlainText;
  readonly url: string;
  readonly style?: 'primary';
}

/** A message, for a webhook or, with its channel, for a bot. */
export interface SlackMessage {
  /** For notifications and screen readers. Slack reads markup in it, so it has none. */
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly mrkdwn: false;
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

/**
 * The message of a notice. All texts are plain: Slack makes no links, mentions or markup of them. Buttons only open
 * pages.
 */
export function slackMessage(told: Told): SlackMessage {
  const rest = FIRST_LABELS.flatMap((label) => {
    const lines = linesOf(told, label);
    return lines.length === 0 ? [] : [`${label}: ${lines.join('\n')}`];
  });
  const toDo = [...linesOf(told, 'Do'), ...linesOf(told, 'Text')];
  const buttons = buttonsOf(told);
  return message(told, [
    { type: 'header', text: plainText(`${signOf(told)} ${told.target}: ${told.headline}`, HEADER_LENGTH, true) },
    ...(toDo.length === 0 ? [] : [section(fitLines(toDo, SECTION_LENGTH))]),
    ...(rest.length === 0 ? [] : [section(fitLines(rest.join('\n').split('\n'), SECTION_LENGTH))]),
    ...(buttons.length === 0 ? [] : [{ type: 'actions', elements: buttons } as const]),
    { type: 'context', elements: [plainText(`${told.notice} ${told.incidentId} ${timeOf(told)}`, 300)] },
  ]);
}

/** All that a notice says, for the thread of its incident. */
export function slackDetails(told: Told): SlackMessage {
  const blocks = told.sections.map(([label, lines]) => section(fitLines([label, ...lines], SECTION_LENGTH)));
  return message(told, blocks.slice(0, MOST_BLOCKS));
}

function message(told: Told, blocks: readonly Block[]): SlackMessage {
  return {
    text: clipTo(escapeText(`${signOf(told)} ${told.subject}`), TEXT_LENGTH),
    blocks,
    mrkdwn: false,
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** Colour, and a shape for those who do not see it. */
function signOf(told: Told): string {
  if (told.severity === 'critical') return '🔴';
  if (told.severity === 'warning') return '🟠';
  return isOver(told) ? '✅' : '🔵';
}

function buttonsOf(told: Told): Button[] {
  return linksOf(told).map(({ name, title, url }) => {
    const style = name === 'approval' ? ({ style: 'primary' } as const) : {};
    return { type: 'button', action_id: `open-${name}`, text: plainText(title, 75), url, ...style };
  });
}

function section(text: string): Block {
  return { type: 'section', text: plainText(text, SECTION_LENGTH) };
}

/** A block without text is refused. */
function plainText(text: string, length: number, emoji = false): PlainText {
  return { type: 'plain_text', text: clipTo(text.trim() === '' ? '-' : text, length), emoji };
}

/** As Slack wants it where it reads markup. */
function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function timeOf({ at }: Told): string {
  return new Date(at).toISOString();
}
