import { costLines, describeAgreed, planLines } from '../core/messages/approval.ts';
import { causeLines, whereLine } from '../core/messages/sections.ts';
import { SPARED } from '../core/policy/spared.ts';
import { describeApproval, type Approval } from '../core/record/approval.ts';
import type { Incident } from '../core/record/incident.ts';
import { inWords, utc } from '../core/words/in-words.ts';
import { percent } from '../core/words/percent.ts';
import { printable } from '../core/words/printable.ts';
import { sha256 } from '../core/words/sha256.ts';
import { Html, html, type Piece } from '../core/pages/html.ts';

/** The longest name that is kept of whoever answers. */
export const NAME_LENGTH = 80;

const STYLE = `
:root { color-scheme: light dark; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 42rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.3rem; line-height: 1.3; margin: 0.2rem 0 0.4rem; }
h2 { font-size: 1rem; margin: 0.8rem 0 0.2rem; }
ul { margin: 0; padding-left: 1.2rem; }
p { margin: 0.4rem 0; }
fieldset { border: 1px solid; margin: 0.8rem 0; padding: 0.4rem 0.8rem; min-width: 0; }
label { display: block; padding: 0.4rem 0; }
input[type="text"] { width: 100%; font: inherit; padding: 0.5rem; }
input[type="radio"] { width: 1.3rem; height: 1.3rem; vertical-align: middle; }
button { width: 100%; font: inherit; font-weight: bold; padding: 0.8rem; }
details { border-top: 1px solid; margin-top: 0.6rem; padding-top: 0.3rem; }
summary { font-weight: bold; padding: 0.3rem 0; }
.problem { border-left: 0.4rem solid; padding-left: 0.6rem; font-weight: bold; }
`;

/** For the header that allows this style and nothing else: no script, no picture, no frame, no other server. */
export const STYLE_HASH = sha256(STYLE, 'base64');

interface Asked {
  readonly incident: Incident;
  readonly approval: Approval;
  readonly now: number;
}

/**
 * The question with its form: what a person needs for an answer is on the first screen of a phone, the evidence below
 * it. `problem` says what was wrong with what was sent.
 */
export function questionPage({ incident, approval, now }: Asked, key: string, problem: string | null): Html {
  const { plan, expiresAt } = approval;
  const target = printable(incident.target.id, 40);
  return page(
    `${target}: may Headroom do this?`,
    html`
      ${problem === null ? '' : html`<p class="problem">${problem}</p>`}
      <p>
        ${isRefusing(incident) ? `${target} is out of connections, and clients are refused: ` : `On ${target}, `}
        ${percent(incident.usageAfter)} of the usable slots are taken. Headroom asks to ${describeAgreed(plan)}.
      </p>
      ${whose(plan)} ${form(approval, key)}
      <p>
        Without an answer within ${inWords(expiresAt - now)} (until ${utc(expiresAt)}) nothing is ended, and a person is
        paged.
      </p>
      ${evidence(incident, approval)}
    `,
  );
}

/** So many consumers are named above the form, and so long are their names; all of them stand below it. */
const FIRST_CONSUMERS = 2;
const FIRST_LENGTH = 70;

function whose({ consumers, named }: Approval['plan']): Piece {
  if (consumers.length === 0) return '';
  const first = consumers
    .slice(0, FIRST_CONSUMERS)
    .map(({ name, sessions }) => html`<li>${sessions}: <bdi>${printable(name, FIRST_LENGTH)}</bdi></li>`);
  const others = consumers.slice(FIRST_CONSUMERS).reduce((sum, { sessions }) => sum + sessions, 0);
  return html`<h2>Whose sessions</h2>
    <ul>
      ${first} ${others === 0 ? '' : html`<li>${others} of others, listed below</li>`}
      ${named.length === 0 ? '' : html`<li><strong>${named.length}</strong> that only a person may end: by name below</li>`}
    </ul>`;
}

function form({ plan, planHash }: Approval, key: string): Html {
  return html`<form method="post" action="?" autocomplete="off">
    <input type="hidden" name="key" value="${key}" />
    <input type="hidden" name="plan" value="${planHash}" />
    <fieldset>
      <legend>Your answer</legend>
      <label
        ><input type="radio" name="answer" value="approved" required /> Yes: ${describeAgreed(plan)}, at most</label
      >
      <label
        ><input type="radio" name="answer" value="denied" required /> No: not in this incident. Headroom goes on with
        what else it may do, and pages a person if nothing is left</label
      >
    </fieldset>
    <label>
      Your name, for the record
      <input type="text" name="name" maxlength="${NAME_LENGTH}" required />
    </label>
    <button type="submit">Answer</button>
  </form>`;
}

/** Folded, but for what a yes costs and whom it names. */
function evidence(incident: Incident, { plan, round }: Approval): Html {
  return html`${section('What a yes costs', costLines(plan))}
    ${section(
      'By name: only a person may end these',
      plan.named.map(({ words, needsPerson }) => html`<bdi>${words}</bdi>; ${SPARED[needsPerson]}`),
    )}
    ${folded('The plan', planLines(plan))}
    ${folded(
      'Whose sessions, all of them',
      plan.consumers.map(({ name, sessions }) => html`${sessions}: <bdi>${name}</bdi>`),
    )}
    ${folded(
      'For example',
      plan.samples.map((words) => html`<bdi>${words}</bdi>`),
    )}
    ${folded('Why the slots ran out', causeLines(incident))} ${folded('Where', [whereLine(incident)])}
    <p>
      It can be answered once. After a yes Headroom takes a new snapshot first: it acts only as far as this plan goes,
      and asks again where it would take more. Incident ${incident.id}, round ${round}.
    </p>`;
}

/** Clients were seen refused, and none to get in since. */
function isRefusing({ refusal }: Incident): boolean {
  return refusal !== null && refusal.until === null;
}

/** That an answer has been recorded. */
export function recordedPage(incident: Incident, approval: Approval): Html {
  const next =
    approval.status === 'approved'
      ? 'Headroom takes a new snapshot now, and acts as far as the plan goes.'
      : 'This tier is out for this incident. Headroom goes on with what is left, or pages a person.';
  return page(
    `${printable(incident.target.id, 40)}: ${approval.status}`,
    html`<p>${describeApproval(approval)}.</p>
      <p>${next}</p>
      <p>Incident ${incident.id}</p>`,
  );
}

/** That nothing was done, and why. */
export function refusalPage(title: string, words: string): Html {
  return page(title, html`<p>${words}</p>`);
}

function folded(title: string, lines: readonly (Html | string)[]): Piece {
  if (lines.length === 0) return '';
  return html`<details>
    <summary>${title}</summary>
    <ul>
      ${lines.map((line) => html`<li>${line}</li>`)}
    </ul>
  </details>`;
}

function section(title: string, lines: readonly (Html | string)[]): Piece {
  if (lines.length === 0) return '';
  return html`<h2>${title}</h2>
    <ul>
      ${lines.map((line) => html`<li>${line}</li>`)}
    </ul>`;
}

function page(title: string, content: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title}</title>
        ${Html.trusted(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html>`;
}
