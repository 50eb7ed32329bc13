import type { EndedGroup } from '../report/ended.ts';
import { usageInWords, type Look } from '../report/looks.ts';
import { usualInWords } from '../report/over-usual.ts';
import type { Report } from '../report/report.ts';
import { clockOf, lastedOf } from '../report/times.ts';
import { count } from '../words/count.ts';
import { withinBudget } from '../words/lists.ts';
import { html, type Html, type Piece } from './html.ts';
import { list, section } from './sections.ts';

const LOOKS_CHARACTERS = 90_000;
const ENDED_CHARACTERS = 230_000;
const SPARED_CHARACTERS = 20_000;
/** A list of more sessions than this is folded. */
const FEW = 20;

export function overSection({ overUsual: { basis, rows } }: Report): Piece {
  if (rows.length === 0) return '';
  return section(
    'Who held more than usual',
    html`<div class="scroll" tabindex="0" role="region" aria-label="Who held more than usual">
      <table>
        <caption>
          "Usual" is ${basis}.
        </caption>
        <thead>
          <tr>
            <th scope="col">Consumer (user/application)</th>
            <th scope="col">At the first look</th>
            <th scope="col">At most</th>
            <th scope="col">Usual</th>
            <th scope="col">More than usual</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ name, first, most, usual, isOver }) =>
              html`<tr>
                <th scope="row"><bdi>${name}</bdi></th>
                <td>${first ?? '–'}</td>
                <td>${most ?? '–'}</td>
                <td>${usualInWords(usual)}</td>
                <td>${isOver ? html`<strong>yes</strong>` : 'no'}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`,
  );
}

export function causeSection({ cause }: Report): Piece {
  if (cause === null) return section('Cause', html`<p>Headroom did not find out why the slots ran out.</p>`);
  return section(
    'Cause',
    html`<p><strong>${cause.words}</strong> (${cause.percent}% sure)</p>
      ${list(cause.evidence)}
      ${
        cause.alternatives.length === 0
          ? ''
          : html`<h3>What else it may have been</h3>
              ${list(cause.alternatives.map(({ words, percent }) => `${words}: ${percent}%`))}`
      }`,
  );
}

export function looksSection({ looks }: Report): Piece {
  const { shown, left } = withinBudget(looks, lookDetails, LOOKS_CHARACTERS);
  return section(
    'Each look: evidence and choice',
    html`${shown} ${left === 0 ? '' : html`<p>${count(left, 'more look')} not shown here.</p>`}`,
  );
}

function lookDetails(look: Look): Html {
  const part = (title: string, lines: readonly string[]): Piece =>
    lines.length === 0
      ? ''
      : html`<h3>${title}</h3>
          ${list(lines)}`;
  return html`<details>
    <summary>
      Look ${look.round}, ${clockOf(look.at)} (${lastedOf(look.afterMs)} after the alarm): ${usageInWords(look)} taken.
      Next: ${look.next}
    </summary>
    <p>An ordinary client: ${look.client}. Headroom got in: ${look.admission}.</p>
    <p>Why: ${look.why}</p>
    ${look.cause === null ? '' : part(`Cause: ${look.cause}`, look.evidence)}
    ${part(
      'Planned',
      look.planned.map(({ tier, sessions }) => `${tier}: ${count(sessions, 'session')}`),
    )}
    ${part('Why these sessions (harm in points; 1 is one reconnect)', look.choice)} ${part('Asked', look.asked)}
    ${part('Not seen', look.unseen)}
  </details>`;
}

export function endedSection({ ended, command }: Report): Piece {
  if (ended.length === 0) return section('Sessions that were ended', html`<p>None.</p>`);
  const { shown, left } = withinBudget(ended, groupDetails, ENDED_CHARACTERS);
  return section(
    'Sessions that were ended, and why',
    html`${shown}
    ${
      left === 0
        ? ''
        : html`<p>${count(left, 'more group')} of sessions are not shown here. All of them: <code>${command}</code></p>`
    }`,
  );
}

function groupDetails(group: EndedGroup): Html {
  const { sessions, consumer, database, result, tier, round, at, detail, reasons } = group;
  const why = reasons.map(({ why: words, ids }) => html`<li>${words}: ${ids.join(' ')}</li>`);
  const heading = html`<summary>
    ${count(sessions, 'session')} of <bdi>${consumer}</bdi> on <bdi>${database}</bdi>: ${result}. Look ${round},
    ${clockOf(at)}: ${tier}
  </summary>`;
  const said = detail === '' ? '' : html`<p>The server said: ${detail}</p>`;
  const body = html`${said}
    <p class="soft">Why, and the sessions' ids on the server:</p>
    <ul>
      ${why}
    </ul>`;
  return sessions <= FEW ? html`<details open>${heading}${body}</details>` : html`<details>${heading}${body}</details>`;
}

export function sparedSection({ spared }: Report): Piece {
  if (spared.length === 0) return '';
  const total = spared.reduce((sum, { sessions }) => sum + sessions, 0);
  const { shown } = withinBudget(
    spared,
    ({ sessions, words, examples }) =>
      html`<li>
        <strong>${sessions}</strong>: ${words}
        ${
          examples.length === 0
            ? ''
            : html`<details>
                <summary>for example</summary>
                ${list(examples)}
              </details>`
        }
      </li>`,
    SPARED_CHARACTERS,
  );
  return section(
    'Sessions that were left alone, and why',
    html`<p>${count(total, 'session')} by the last plan.</p>
      <ul>
        ${shown}
      </ul>`,
  );
}
