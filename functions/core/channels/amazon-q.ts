import { clipTo, fitLines } from './fit.ts';
import { linesOf, type Told } from './told.ts';

// Custom notifications of Amazon Q Developer in chat applications: AWS docs, chatbot, custom-notifs. No limits are
// published; these are those of the chats behind it.

const TITLE_LENGTH = 150;
const DESCRIPTION_LENGTH = 3_000;
const STEP_LENGTH = 500;
const MOST_STEPS = 8;

export interface AmazonQNotification {
  readonly version: '1.0';
  readonly source: 'custom';
  readonly content: {
    readonly textType: 'client-markdown';
    readonly title: string;
    readonly description: string;
    readonly nextSteps?: readonly string[];
    readonly keywords: readonly string[];
  };
  readonly metadata: {
    /** Notices of one incident are one thread. */
    readonly threadId?: string;
    readonly summary: string;
    readonly eventType: string;
    readonly relatedResources: readonly string[];
  };
}

/** The links of ours are the only markup. Anything but this form is dropped silently. */
export function amazonQNotification(told: Told): AmazonQNotification {
  const said = told.sections.filter(([label]) => label !== 'Do' && label !== 'Links');
  const lines = said.flatMap(([label, texts]) => [`${label}: ${texts[0] ?? ''}`, ...texts.slice(1)]).map(inert);
  const links = Object.entries(told.links).map(([name, url]) => `${name}: ${url}`);
  const steps = linesOf(told, 'Do').slice(0, MOST_STEPS);
  const room = DESCRIPTION_LENGTH - links.join('\n').length;
  return {
    version: '1.0',
    source: 'custom',
    content: {
      textType: 'client-markdown',
      title: inert(clipTo(`${told.target}: ${told.headline}`, TITLE_LENGTH)),
      description: [...links, fitLines(lines, Math.max(200, room))].join('\n') || '-',
      ...(steps.length > 0 && { nextSteps: steps.map((step) => inert(clipTo(step, STEP_LENGTH))) }),
      keywords: ['Headroom', told.severity],
    },
    metadata: {
      ...(told.incidentId !== '' && { threadId: told.incidentId }),
      summary: inert(clipTo(told.subject, TITLE_LENGTH)),
      eventType: told.notice,
      relatedResources: told.target === '' ? [] : [inert(told.target)],
    },
  };
}

/** Neither markup of Slack nor Markdown of Teams, and no mention in either. */
function inert(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('`', "'")
    .replaceAll('](', '] (')
    .replace(/@(?=everyone|channel|here|all\b)/gi, '@ ');
}
