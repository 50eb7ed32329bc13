import { usualInWords } from '../report/over-usual.ts';
import type { Report } from '../report/report.ts';
import type { SlotsMoment } from '../report/slots.ts';
import { clockOf } from '../report/times.ts';
import { thinned } from '../words/lists.ts';
import { consumerChart, LETTERS, slotsChart, type Mark } from './chart.ts';
import { html, type Html, type Piece } from './html.ts';
import { section } from './sections.ts';

/** Most acts that have a number in the chart. */
const MOST_MARKS = 12;
/** Most rows of the table under the chart. */
const MOST_NUMBERS = 120;

/** The chart, for a wide page and a narrow one; its key; each consumer against its usual; the numbers. */
export function slotsSection({ slots, timeline }: Report): Piece {
  if (slots.moments.length === 0) return section('Slots over time', 'The server was never seen from inside.');
  const acts = timeline.filter(({ kind }) => kind === 'act').slice(0, MOST_MARKS);
  const marks = acts.map(({ at }, index): Mark => ({ at, number: index + 1 }));
  return section(
    'Slots over time',
    html`<div class="wide">${slotsChart(slots, marks, { width: 900, height: 360 }, 'w')}</div>
      <div class="narrow">${slotsChart(slots, marks, { width: 340, height: 300 }, 'n')}</div>
      ${key(slots)}
      ${
        acts.length === 0
          ? ''
          : html`<p class="soft">Marked in the chart: what Headroom did.</p>
              <ol>
                ${acts.map(({ at, words }) => html`<li>${clockOf(at)} ${words}</li>`)}
              </ol>`
      }
      ${smalls(slots)} ${numbers(slots)}`,
  );
}

function key({ consumers, moments }: Report['slots']): Html {
  const isFull = moments.some((moment) => moment.isFull);
  return html`<ul class="key">
    ${consumers.map(
      ({ name, most, usual }, index) =>
        html`<li>
          <b class="k${index}">${LETTERS[index] ?? ''}</b><bdi>${name}</bdi>: ${most} at most, usually
          ${usualInWords(usual)}
        </li>`,
    )}
    <li><b class="kr" aria-hidden="true">&nbsp;</b>${consumers.length === 0 ? 'all sessions' : 'all others'}</li>
    ${isFull ? html`<li class="bad">✕ a login was refused because the server was full</li>` : ''}
  </ul>`;
}

function smalls(slots: Report['slots']): Piece {
  const charts = slots.consumers.flatMap(({ name }, index) => {
    const chart = consumerChart(slots, index);
    return chart === ''
      ? []
      : [
          html`<figure>
            <figcaption>${LETTERS[index] ?? ''} <bdi>${name}</bdi></figcaption>
            ${chart}
          </figure>`,
        ];
  });
  return charts.length === 0
    ? ''
    : html`<h3>Each against what is usual for it</h3>
        <div class="smalls">${charts}</div>`;
}

function numbers({ moments, consumers }: Report['slots']): Html {
  const cells = ({ used, usable, held }: SlotsMoment) => [
    used,
    usable ?? '?',
    ...consumers.map((_, index) => held?.[index] ?? '?'),
  ];
  return html`<details>
    <summary>The same in numbers</summary>
    <div class="scroll" tabindex="0" role="region" aria-label="Slots over time, in numbers">
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">UTC</th>
            <th scope="col">taken</th>
            <th scope="col">of</th>
            ${consumers.map((_, index) => html`<th scope="col">${LETTERS[index] ?? ''}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${thinned(moments, MOST_NUMBERS).map(
            (moment) =>
              html`<tr>
                <th scope="row">${clockOf(moment.at)}</th>
                ${cells(moment).map((cell) => html`<td>${cell}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}
