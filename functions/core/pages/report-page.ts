import type { Report } from '../report/report.ts';
import { clockOf, dayOf, lastedOf } from '../report/times.ts';
import { slotsSection } from './report-chart.ts';
import { causeSection, endedSection, looksSection, overSection, sparedSection } from './report-evidence.ts';
import { Html, html, type Piece } from './html.ts';
import { REPORT_STYLE, REPORT_STYLE_HASH } from './report-style.ts';
import { withinBudget } from '../words/lists.ts';
import { utc } from '../words/in-words.ts';
import { section } from './sections.ts';

/** No script, no picture, no frame, no form, no other server: also when the page is opened from a file. */
const POLICY = `default-src 'none'; style-src 'sha256-${REPORT_STYLE_HASH}'; base-uri 'none'; form-action 'none'`;

/** One HTML page with all that a report has: nothing is loaded, and nothing runs. Under 500 KB whatever the incident. */
export function reportPage(report: Report): Html {
  const { summary, target, incidentId } = report;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="referrer" content="no-referrer" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <title>Incident report: ${target}, ${dayOf(report.openedAt)}</title>
        ${Html.trusted(`<style>${REPORT_STYLE}</style>`)}
      </head>
      <body>
        <main>
          <p class="soft">Incident report, ${dayOf(report.openedAt)}</p>
          <h1>${summary.headline}</h1>
          ${summary.lines.map((line) => html`<p>${line}</p>`)} ${stages(report)} ${slotsSection(report)}
          ${overSection(report)} ${causeSection(report)} ${timeline(report)} ${looksSection(report)}
          ${endedSection(report)} ${sparedSection(report)} ${checklist(report)} ${blanks(report)} ${meanings(report)}
        </main>
        <footer class="soft">
          <p>
            Incident ${incidentId} of ${target} (${report.engine} ${report.serverVersion ?? ''}, ${report.endpoint}).
            Written ${utc(report.writtenAt)} by Headroom, from its record. All times are UTC. Everything on record:
            <code>${report.command}</code>
          </p>
        </footer>
      </body>
    </html>`;
}

function stages({ durations }: Report): Html {
  return html`<dl class="stages">
    ${durations.map(
      ({ name, ms, words }) =>
        html`<div>
          <dt>${name}</dt>
          <dd class="long">${ms === null ? '–' : lastedOf(ms)}</dd>
          <dd class="soft">${words}</dd>
        </div>`,
    )}
  </dl>`;
}

const TIMELINE_CHARACTERS = 40_000;

function timeline({ timeline: entries }: Report): Piece {
  const { shown, left } = withinBudget(
    entries,
    ({ at, kind, words }) =>
      html`<li class="${kind}">
        <time datetime="${new Date(at).toISOString()}">${clockOf(at)}</time><span>${words}</span>
      </li>`,
    TIMELINE_CHARACTERS,
  );
  return section(
    'Timeline',
    html`<ol class="times">
        ${shown}
      </ol>
      ${left === 0 ? '' : html`<p>${left} more entries are not shown here.</p>`}`,
  );
}

function checklist({ checklist: topics }: Report): Piece {
  return section(
    'To do, so that it does not come back',
    topics.map(
      ({ title, tasks }) =>
        html`<h3>${title}</h3>
          <ul class="todo">
            ${tasks.map((task) => html`<li>${task}</li>`)}
          </ul>`,
    ),
  );
}

function blanks({ blanks: all }: Report): Piece {
  return section(
    'To fill in by a person',
    html`<p class="soft">Headroom sees the database and nothing else. What follows only people know.</p>
      ${all.map(
        ({ name, hint }) =>
          html`<div class="blank"><b>${name}</b> <span class="soft">(to fill in: ${hint})</span></div>`,
      )}`,
  );
}

function meanings({ meanings: words }: Report): Piece {
  return section(
    'Words on this page',
    html`<ul>
      ${words.map(([word, meaning]) => html`<li><b>${word}</b>: ${meaning}</li>`)}
    </ul>`,
  );
}
