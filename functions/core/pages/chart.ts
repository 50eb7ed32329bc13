import { scaleLinear, scaleUtc } from 'd3-scale';
import { area, line } from 'd3-shape';
import type { ConsumerOverTime, SlotsMoment, SlotsOverTime } from '../report/slots.ts';
import { clockOf } from '../report/times.ts';
import { html, type Html, type Piece } from './html.ts';

/** Width and height in the units of the drawing: CSS pixels where it is shown at its own size. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** An act, as it is marked: a number that the list under the chart explains. */
export interface Mark {
  readonly at: number;
  readonly number: number;
}

/** Names the areas in the chart and in its key, so that nobody needs to tell colours apart. */
export const LETTERS = ['A', 'B', 'C', 'D', 'E', 'F'] as const;

const MARGIN = { top: 44, right: 12, bottom: 26, left: 36 } as const;
/** A chart of one moment still has a width. */
const LEAST_SPAN_MS = 60_000;

type X = (at: number) => number;

interface Frame extends Size {
  readonly x: X;
  readonly y: (slots: number) => number;
  readonly ticks: { readonly x: readonly number[]; readonly y: readonly number[] };
}

/** A layer of the stack at one moment: from and to how many slots. */
interface Layer {
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Slots over time: one area for each consumer, one upon the other, under the lines of what the server can give. Without
 * moments there is nothing to draw.
 */
export function slotsChart(slots: SlotsOverTime, marks: readonly Mark[], size: Size, id: string): Html {
  const frame = frameOf(slots, marks, size);
  const layers = layersOf(slots);
  const last = layers.length - 1;
  return html`<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-labelledby="${id}-t ${id}-d">
    <title id="${id}-t">Slots taken over time</title>
    <desc id="${id}-d">${describe(slots)}</desc>
    ${axes(frame)}${refusedBand(slots, frame)}${layers.map((layer, index) => layerOf(layer, index === last ? 'rest' : `c${index}`, frame))}${levels(slots, frame)}${layers.slice(0, last).map((layer, index) => letter(layer, LETTERS[index] ?? '', frame))}${fullMoments(slots, frame)}${marks.map((mark) => markOf(mark, frame))}
  </svg>`;
}

function frameOf({ moments }: SlotsOverTime, marks: readonly Mark[], { width, height }: Size): Frame {
  const times = [...moments, ...marks].map(({ at }) => at);
  const from = Math.min(...times);
  const to = Math.max(...times, from + LEAST_SPAN_MS);
  const most = Math.max(1, ...moments.map(({ used, usable }) => Math.max(used, usable ?? 0)));
  const x = scaleUtc([from, to], [MARGIN.left, width - MARGIN.right]);
  const y = scaleLinear([0, most * 1.04], [height - MARGIN.bottom, MARGIN.top]);
  return {
    width,
    height,
    x: (at) => round(x(at)),
    y: (value) => round(y(value)),
    ticks: {
      x: x.ticks(width < 500 ? 3 : 7).map((date) => date.getTime()),
      y: y.ticks(height < 200 ? 2 : 5).filter(Number.isInteger),
    },
  };
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}

function axes({ x, y, width, height, ticks }: Frame): Html {
  const seconds = ticks.x.some((at) => at % 60_000 !== 0);
  return html`<g class="axis">
    ${ticks.y.map((value) => html`<path d="M${MARGIN.left},${y(value)}H${width - MARGIN.right}" /><text x="${MARGIN.left - 6}" y="${y(value) + 4}" text-anchor="end">${value}</text>`)}
    ${ticks.x.map((at) => html`<text x="${x(at)}" y="${height - 8}" text-anchor="middle">${clockOf(at).slice(0, seconds ? 8 : 5)}</text>`)}
  </g>`;
}

/** The consumers from the ground up, then all others. Where nobody was told apart, all are others. */
function layersOf({ moments, consumers }: SlotsOverTime): Layer[][] {
  const stacked = moments.map(({ at, used, held }) => {
    const tops: number[] = [];
    let top = 0;
    for (let index = 0; index < consumers.length; index++) {
      // Sessions come and go while they are counted: never more than there are slots taken.
      top = Math.min(used, top + (held?.[index] ?? 0));
      tops.push(top);
    }
    return { at, tops: [...tops, used] };
  });
  return Array.from({ length: consumers.length + 1 }, (_, index) =>
    stacked.map(({ at, tops }) => ({ at, from: index === 0 ? 0 : (tops[index - 1] ?? 0), to: tops[index] ?? 0 })),
  );
}

function layerOf(layer: readonly Layer[], kind: string, { x, y }: Frame): Html {
  const draw = area<Layer>()
    .x(({ at }) => x(at))
    .y0(({ from }) => y(from))
    .y1(({ to }) => y(to))
    .digits(1);
  return html`<path class="area ${kind}" d="${draw([...layer]) ?? ''}" />`;
}

/** Where the area first is nearly as thick as it gets, if that is thick enough for a letter. */
function letter(layer: readonly Layer[], name: string, { x, y }: Frame): Piece {
  const most = layer.reduce((thickest, { from, to }) => Math.max(thickest, to - from), 0);
  const place = layer.find(({ from, to }) => to - from >= 0.85 * most);
  if (place === undefined || y(place.from) - y(place.to) < 16) return '';
  const at = (y(place.from) + y(place.to)) / 2 + 4;
  return html`<text class="letter" x="${x(place.at)}" y="${round(at)}" text-anchor="${anchorAt(place, layer)}">
    ${name}
  </text>`;
}

function anchorAt(at: Layer, layer: readonly Layer[]): string {
  if (at === layer[0]) return 'start';
  return at === layer.at(-1) ? 'end' : 'middle';
}

/** What ordinary clients can get, and the levels of the policy: told apart by their dashes and their words. */
function levels({ moments, triggerPercent, reliefPercent }: SlotsOverTime, { x, y, width }: Frame): Piece {
  const usable = moments.findLast((moment) => moment.usable !== null)?.usable ?? null;
  const first = moments[0];
  if (usable === null || first === undefined) return '';
  const level = (slots: number, kind: string, words: string) =>
    html`<path class="${kind}" d="M${x(first.at)},${y(slots)}H${width - MARGIN.right}" /><text
        class="on"
        x="${MARGIN.left + 4}"
        y="${round(y(slots) - 4)}"
        >${words}</text
      >`;
  return [
    level(usable, 'usable', `${usable} slots for clients`),
    level((usable * triggerPercent) / 100, 'trigger', `alarm ${triggerPercent}%`),
    level((usable * reliefPercent) / 100, 'relief', `relief ${reliefPercent}%`),
  ];
}

function refusedBand({ refused, moments }: SlotsOverTime, { x, width }: Frame): Piece {
  const first = moments[0];
  if (refused === null || first === undefined) return '';
  const from = Math.min(Math.max(x(Math.max(refused.from, first.at)), MARGIN.left), width - MARGIN.right);
  const until = refused.until === null ? width - MARGIN.right : Math.min(x(refused.until), width - MARGIN.right);
  const isLate = from > width / 2;
  return html`<rect
      class="refused"
      x="${from}"
      y="${MARGIN.top - 8}"
      width="${round(Math.max(3, until - from))}"
      height="6"
    /><text
      class="bad"
      x="${isLate ? round(Math.max(until, from + 3)) : from}"
      y="${MARGIN.top - 13}"
      text-anchor="${isLate ? 'end' : 'start'}"
      >clients refused</text
    >`;
}

/** A cross where a login was refused as full. */
function fullMoments({ moments }: SlotsOverTime, { x, y }: Frame): Html[] {
  return moments
    .filter(({ isFull }) => isFull)
    .slice(0, 40)
    .map(({ at, used }) => html`<path class="full" d="M${x(at) - 4},${y(used) - 4}l8,8m0,-8l-8,8" />`);
}

function markOf({ at, number }: Mark, { x, height }: Frame): Html {
  const across = x(at);
  return html`<g class="mark"
    ><path d="M${across},20V${height - MARGIN.bottom}" /><circle cx="${across}" cy="12" r="9" /><text
      x="${across}"
      y="16"
      text-anchor="middle"
      >${number}</text
    ></g
  >`;
}

/** The chart for whoever does not see it. */
function describe({ moments, consumers, refused }: SlotsOverTime): string {
  const [first, last] = [moments[0], moments.at(-1)];
  if (first === undefined || last === undefined) return 'Nothing was seen.';
  const most = moments.reduce((peak, moment) => (moment.used > peak.used ? moment : peak), first);
  const who = consumers.map(
    (consumer, index) => `${LETTERS[index] ?? ''} ${consumer.name}, ${consumer.most} at most${usualWords(consumer)}`,
  );
  return [
    `From ${clockOf(first.at)} to ${clockOf(last.at)} UTC.`,
    `${first.used} slots taken at first, ${most.used} at most (${clockOf(most.at)}), ${last.used} at last.`,
    ...(refused === null ? [] : [`Clients were refused from ${clockOf(refused.from)}.`]),
    ...(who.length === 0 ? [] : [`${who.join('; ')}.`]),
  ].join(' ');
}

function usualWords({ usual }: ConsumerOverTime): string {
  return usual === null ? '' : `, usually up to ${usual.to}`;
}

const SMALL: Size = { width: 250, height: 96 };

/** One consumer over time against what is usual for it. */
export function consumerChart({ moments, consumers }: SlotsOverTime, index: number): Piece {
  const consumer = consumers[index];
  const seen = moments.flatMap(({ at, held }) => (held === null ? [] : [{ at, sessions: held[index] ?? 0 }]));
  if (consumer === undefined || seen.length === 0) return '';
  const x = scaleUtc(spanOf(seen), [6, SMALL.width - 6]);
  const y = scaleLinear([0, Math.max(1, consumer.most, consumer.usual?.to ?? 0) * 1.1], [SMALL.height - 6, 22]);
  const draw = line<(typeof seen)[number]>()
    .x(({ at }) => x(at))
    .y(({ sessions }) => y(sessions))
    .digits(1);
  const usual = consumer.usual === null ? null : round(y(consumer.usual.to));
  return html`<svg viewBox="0 0 ${SMALL.width} ${SMALL.height}" role="img" aria-labelledby="s${index}-t">
    <title id="s${index}-t">${consumer.name}: ${consumer.most} sessions at most${usualWords(consumer)}</title>
    <path class="ground" d="M6,${SMALL.height - 6}H${SMALL.width - 6}" />
    ${usual === null ? '' : html`<path class="usual" d="M6,${usual}H${SMALL.width - 6}" />`}
    <path class="held l${index}" d="${draw(seen) ?? ''}" />
    <text x="6" y="14">
      ${consumer.most} at most${consumer.usual === null ? '' : `; dashed: usual, ${consumer.usual.to}`}
    </text>
  </svg>`;
}

function spanOf(moments: readonly Pick<SlotsMoment, 'at'>[]): [number, number] {
  const from = moments[0]?.at ?? 0;
  return [from, Math.max(moments.at(-1)?.at ?? 0, from + LEAST_SPAN_MS)];
}
