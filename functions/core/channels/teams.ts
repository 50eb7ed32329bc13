import { clipTo } from './fit.ts';
import { linksOf } from './links.ts';
import { isOver, type Told } from './told.ts';

// Adaptive Cards 1.4 (microsoft/AdaptiveCards, schemas/1.4.0) in the envelope of a Teams workflow: 28 KB in all.

/** Less than Teams takes: what becomes of it on the way is not ours. */
const MOST_BYTES = 25_000;
const LINE_LENGTH = 600;

/** Text runs: Teams reads no Markdown in them, and no mentions. */
interface RichText {
  readonly type: 'RichTextBlock';
  readonly inlines: readonly {
    readonly type: 'TextRun';
    readonly text: string;
    readonly weight?: 'Bolder';
    readonly color?: 'Attention' | 'Warning' | 'Good' | 'Default';
    readonly size?: 'Large';
  }[];
}

export interface TeamsMessage {
  readonly type: 'message';
  readonly attachments: readonly [
    { readonly contentType: 'application/vnd.microsoft.card.adaptive'; readonly content: object },
  ];
}

/** The card of a notice. Its sections are left out from the end until it fits. */
export function teamsMessage(told: Told): TeamsMessage {
  const blocks = told.sections.map(([label, lines]) => block(label, lines));
  for (let kept = blocks.length; kept > 0; kept--) {
    const message = card(told, blocks.slice(0, kept));
    if (Buffer.byteLength(JSON.stringify(message)) <= MOST_BYTES) return message;
  }
  return card(told, []);
}

function card(told: Told, body: readonly RichText[]): TeamsMessage {
  const actions = linksOf(told).map(({ title, url }) => ({ type: 'Action.OpenUrl', title, url }));
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    fallbackText: told.subject,
    body: [title(told), ...body],
    actions,
  };
  return { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }] };
}

function title(told: Told): RichText {
  const text = `${told.severity === 'info' ? '' : `${told.severity.toUpperCase()} `}${told.target}: ${told.headline}`;
  const color = { critical: 'Attention', warning: 'Warning', info: isOver(told) ? 'Good' : 'Default' } as const;
  const run = { type: 'TextRun', text, weight: 'Bolder', size: 'Large', color: color[told.severity] } as const;
  return { type: 'RichTextBlock', inlines: [run] };
}

function block(label: string, lines: readonly string[]): RichText {
  const text = lines.map((line) => clipTo(line, LINE_LENGTH)).join('\n');
  return {
    type: 'RichTextBlock',
    inlines: [
      { type: 'TextRun', text: `${label}: `, weight: 'Bolder' },
      { type: 'TextRun', text: text === '' ? '-' : text },
    ],
  };
}
