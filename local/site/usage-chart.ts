import { html, type Html } from '../../functions/core/pages/html.ts';
import type { StoredSample } from '../../functions/core/sampler/stored-sample.ts';
import { percent } from '../../functions/core/words/percent.ts';
import { SHOWN_MS, type TargetView } from './overview.ts';

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 52;
const RIGHT = 92;
const TOP = 12;
const BOTTOM = 28;
/** One point for so long: as many as the chart has columns. */
const POINT_MS = SHOWN_MS / 360;
/** No line is drawn over a longer silence. */
const GAP_MS = 5 * 60_000;
const HOUR_MS = 3_600_000;

interface Point {
  readonly at: number;
  /** The most in its time, in percent. */
  readonly usage: number;
  readonly isFull: boolean;
}

/** Usage over the last hours as a picture without script. Bounded, however many samples there are. */
export function usageChart({ id, samples, triggerPercent, reliefPercent }: TargetView, now: number): Html {
  const points = pointsOf(samples);
  const x = (at: number): number => LEFT + ((at - (now - SHOWN_MS)) / SHOWN_MS) * (WIDTH - LEFT - RIGHT);
  const y = (usage: number): number => TOP + (1 - Math.min(100, usage) / 100) * (HEIGHT - TOP - BOTTOM);
  const last = points.at(-1);
  const most = points.reduce((highest, { usage }) => Math.max(highest, usage), 0);
  const full = points.filter(({ isFull }) => isFull);
  const description =
    last === undefined
      ? 'No sample yet.'
      : `Now ${percent(last.usage)}, at most ${percent(most)}. ` +
        `Trigger ${triggerPercent}%, relief ${reliefPercent}%. Clients were refused in ${full.length} of ${points.length} points.`;
  const name = `usage-${id}`;
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${name}-title ${name}-desc">
    <title id="${name}-title">
      Usage of ${id} over the last ${SHOWN_MS / HOUR_MS} hours, in percent of usable slots
    </title>
    <desc id="${name}-desc">${description}</desc>
    ${[0, 50, 100].map(
      (value) =>
        html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${place(y(value))}" y2="${place(y(value))}" />
          <text x="${LEFT - 6}" y="${place(y(value) + 4)}" text-anchor="end">${value}%</text>`,
    )}
    ${hoursBefore(now).map(
      (at) => html`<text x="${place(x(at))}" y="${HEIGHT - 8}" text-anchor="middle">${clockOf(at)}</text>`,
    )}
    ${level('trigger', triggerPercent, y)} ${level('relief', reliefPercent, y)}
    ${linesOf(points).map((line) => html`<polyline class="usage" points="${line.map((point) => `${place(x(point.at))},${place(y(point.usage))}`).join(' ')}" />`)}
    ${full.map(({ at }) => html`<rect class="full" x="${place(x(at) - 1)}" y="${TOP - 8}" width="3" height="8" />`)}
  </svg>`;
}

/** The same in numbers, hour by hour: for whoever does not see the picture. */
export function usageTable({ id, samples }: TargetView): Html {
  const hours = [...Map.groupBy(pointsOf(samples), ({ at }) => Math.floor(at / HOUR_MS) * HOUR_MS)];
  return html`<details>
    <summary>Usage of ${id} in numbers</summary>
    <table>
      <thead>
        <tr>
          <th scope="col">From (UTC)</th>
          <th scope="col">Lowest</th>
          <th scope="col">Highest</th>
          <th scope="col">Refused</th>
        </tr>
      </thead>
      <tbody>
        ${hours.map(([hour, points]) => {
          const usages = points.map(({ usage }) => usage);
          return html`<tr>
            <th scope="row">${clockOf(hour)}</th>
            <td>${percent(Math.min(...usages))}</td>
            <td>${percent(Math.max(...usages))}</td>
            <td>${points.some(({ isFull }) => isFull) ? 'yes' : 'no'}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </details>`;
}

function pointsOf(samples: readonly StoredSample[]): Point[] {
  const known = samples.flatMap(({ at, usage, isFull }) => (usage === null ? [] : [{ at, usage, isFull }]));
  return [...Map.groupBy(known, ({ at }) => Math.floor(at / POINT_MS))].map(([step, group]) => ({
    at: step * POINT_MS,
    usage: group.reduce((most, { usage }) => Math.max(most, usage), 0),
    isFull: group.some(({ isFull }) => isFull),
  }));
}

/** Pieces without a long silence in them. */
function linesOf(points: readonly Point[]): Point[][] {
  const lines: Point[][] = [];
  let before: Point | null = null;
  for (const point of points) {
    const line = lines.at(-1);
    if (line === undefined || before === null || point.at - before.at > GAP_MS) lines.push([point]);
    else line.push(point);
    before = point;
  }
  return lines;
}

function level(name: 'trigger' | 'relief', value: number, y: (usage: number) => number): Html {
  return html`<line
      class="${name}"
      x1="${LEFT}"
      x2="${WIDTH - RIGHT}"
      y1="${place(y(value))}"
      y2="${place(y(value))}"
    />
    <text x="${WIDTH - RIGHT + 6}" y="${place(y(value) + 4)}">${name} ${value}%</text>`;
}

function hoursBefore(now: number): number[] {
  const last = Math.floor(now / HOUR_MS) * HOUR_MS;
  return Array.from({ length: SHOWN_MS / HOUR_MS }, (_, index) => last - index * HOUR_MS);
}

function clockOf(at: number): string {
  return new Date(at).toISOString().slice(11, 16);
}

function place(value: number): string {
  return value.toFixed(1);
}
