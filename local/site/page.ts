import { html, Html, type Piece } from '../../functions/core/pages/html.ts';
import { describePause } from '../../functions/core/policy/pause.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import { hasFailed } from '../../functions/core/sampler/figures.ts';
import type { StoredSample } from '../../functions/core/sampler/stored-sample.ts';
import { commandFor, type CommandPlace } from '../../functions/core/words/commands.ts';
import { count } from '../../functions/core/words/count.ts';
import { inWords, utc } from '../../functions/core/words/in-words.ts';
import { percent } from '../../functions/core/words/percent.ts';
import { printable } from '../../functions/core/words/printable.ts';
import { sha256 } from '../../functions/core/words/sha256.ts';
import type { TargetView } from './overview.ts';
import { usageChart, usageTable } from './usage-chart.ts';
import { contentPolicy } from '../../functions/core/pages/content-policy.ts';

const STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1a1a1a; --line: #0b5cad; --bad: #b00020; --soft: #595959; --grid: #8a8a8a; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181b; --ink: #ececec; --line: #7ab8ff; --bad: #ff8a80; --soft: #b8b8b8; --grid: #7d7d7d; } }
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); } a { color: var(--line); }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.2rem; margin: 1.6rem 0 0.3rem; } h3 { font-size: 1rem; margin: 0.8rem 0 0.2rem; }
p, ul { margin: 0.3rem 0; } ul { padding-left: 1.2rem; }
svg { width: 100%; height: auto; } svg text { font-size: 13px; fill: currentColor; }
svg .grid { stroke: var(--grid); stroke-width: 0.5; }
svg .usage { fill: none; stroke: var(--line); stroke-width: 2; }
svg .trigger { stroke: var(--bad); stroke-dasharray: 8 4; } svg .relief { stroke: var(--soft); stroke-dasharray: 2 4; }
svg .full { fill: var(--bad); }
table { border-collapse: collapse; } th, td { text-align: left; padding: 0.1rem 1rem 0.1rem 0; font-weight: normal; }
thead th { font-weight: bold; } code { font-size: 0.9rem; }
.bad { border-left: 0.4rem solid var(--bad); padding-left: 0.6rem; font-weight: bold; }
.soft { color: var(--soft); }
@media print { details { display: none; } }
`;

export const PAGE_POLICY = contentPolicy(sha256(STYLE, 'base64'), 'none');

/** Targets, their usage and incidents, as the records have them at `now`. */
export function overviewPage(
  targets: readonly TargetView[],
  { now, commands }: { readonly now: number; readonly commands: CommandPlace | undefined },
): Html {
  const open = targets.filter(({ incidents }) => incidents[0]?.status === 'open').length;
  return document(html`
    <h1>
      Headroom: ${count(targets.length, 'target')}, ${open === 0 ? 'no open incident' : count(open, 'open incident')}
    </h1>
    <p class="soft">
      As of ${utc(now)}. Reload the page for a newer picture. The figures are at <a href="/metrics">/metrics</a>.
    </p>
    ${targets.map((target) => section(target, now, commands))}
  `);
}

/** That the records cannot be read, which is no reason to show nothing. */
export function noPage(words: string): Html {
  return document(
    html`<h1>Headroom</h1>
      <p>${words}</p>`,
  );
}

function section(target: TargetView, now: number, commands: CommandPlace | undefined): Html {
  const { id, engine, mode, pause, incidents, samples } = target;
  const { text, isBad } = stateOf(samples.at(-1), now);
  return html`<section>
    <h2><bdi>${printable(id)}</bdi></h2>
    <p class="${isBad ? 'bad' : 'state'}">${text}</p>
    <p>
      ${engine}, mode ${mode}${pause === null ? '' : html`; <bdi>${describePause(pause)}</bdi>: Headroom ends nothing`}
    </p>
    ${usageChart(target, now)} ${usageTable(target)}
    <h3>Incidents</h3>
    ${incidents.length === 0 ? html`<p>None on record.</p>` : incidentList(incidents, now, commands)}
  </section>`;
}

function stateOf(last: StoredSample | undefined, now: number): { readonly text: string; readonly isBad: boolean } {
  if (last === undefined) return { text: 'No sample yet.', isBad: false };
  const ago = `${inWords(Math.max(0, now - last.at))} ago`;
  if (last.result === 'resting') return { text: `Rests without connections, ${ago}.`, isBad: false };
  if (last.isFull) return { text: `OUT of connections ${ago}: clients are refused.`, isBad: true };
  if (hasFailed(last)) return { text: `Not seen ${ago}: ${printable(last.detail, 200)}`, isBad: true };
  if (last.usage === null) return { text: `The worker was busy with an incident ${ago}.`, isBad: false };
  return { text: `${percent(last.usage)} used ${ago}: ${last.used} of ${last.usable} usable slots.`, isBad: false };
}

function incidentList(incidents: readonly Incident[], now: number, commands: CommandPlace | undefined): Piece {
  return html`<ul>
    ${incidents.map((incident) => {
      const { id, status, outcome, openedAt, cause, endedCount, target } = incident;
      const subject = { id: target.id, commands };
      const state = status === 'open' ? `open for ${inWords(now - openedAt)}` : (outcome ?? 'closed');
      return html`<li>
        ${utc(openedAt)}: ${state}${cause === null ? '' : `, ${cause.name}`}; ${count(endedCount, 'session')} ended.
        <br /><code>${commandFor(`incidents show ${id}`, subject)}</code>
      </li>`;
    })}
  </ul>`;
}

function document(content: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Headroom</title>
        ${Html.trusted(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <main>${content}</main>
      </body>
    </html>`;
}
