import { scenarioOn } from '../../drill/scenario/scenario.ts';
import { SCENARIOS } from '../../drill/scenarios/index.ts';
import { aPolicy } from '../../test/support/a-session.ts';
import { generateIncident } from './generate.ts';
import { measure, MEASURES, type MeasureName } from './measures.ts';
import type { Model } from './models.ts';
import type { RecordedRehearsal } from './recorded.ts';

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A measure of rehearsals that a model does not reach. */
interface Gap {
  readonly model: string;
  readonly measure: MeasureName;
  readonly recorded: Range;
  /** Null when the model has no such thing. */
  readonly modelled: Range | null;
}

const INCIDENTS = 300;
/** Of the generated incidents, so many at either end may be outliers. */
const ODD = 0.005;
/** Of shares: a session or two more or less on a server of fifty is no gap. */
const SLACK = 0.05;
const OTHER_SLACK: Partial<Record<MeasureName, number>> = {
  /** Production's samples are a minute apart, a fifth of an idle time: what happens between two of them looks alike. */
  climb: 0.2,
  /**
   * What counts as fresh is not compressed as ages are: it is all of an idle time there, and a thirtieth in production.
   */
  fresh: 0.1,
  /** A rehearsal's watch and sampler log in four times a second: a good share of a small server's logins. */
  opens: 0.25,
};

/**
 * Where a model's own distribution does not contain what the rehearsals of its story recorded: then it is a model of
 * something else. Measures are free of the compressed time of a rehearsal, see `MEASURES`.
 */
export function gapsOf(model: Model, rehearsals: readonly RecordedRehearsal[]): readonly Gap[] {
  const own = rehearsals.filter((rehearsal) => isOfStory(rehearsal, model));
  const policy = aPolicy();
  const generated = Array.from({ length: INCIDENTS }, (_, seed) => {
    const { snapshot, context } = generateIncident(model, seed);
    return measure(snapshot, policy, context);
  });
  return (Object.keys(MEASURES) as MeasureName[]).flatMap((name) => {
    const recorded = rangeOf(
      own.map(({ measures }) => measures[name] ?? null),
      0,
    );
    const modelled = rangeOf(
      generated.map((measured) => measured[name]),
      ODD,
    );
    if (recorded === null || (modelled !== null && covers(modelled, recorded, OTHER_SLACK[name] ?? SLACK))) return [];
    return [{ model: model.name, measure: name, recorded, modelled }];
  });
}

/**
 * A rehearsal of the model's story, on an engine that shows it: a migration tool that cannot be recognized looks
 * different.
 */
function isOfStory({ scenario: name, engine }: RecordedRehearsal, { scenarios, cause }: Model): boolean {
  const scenario = scenarios.includes(name) ? SCENARIOS.find((each) => each.name === name) : undefined;
  return scenario !== undefined && [scenarioOn(scenario, engine).expect.cause].flat().includes(cause);
}

function covers(modelled: Range, recorded: Range, slack: number): boolean {
  return recorded.from >= modelled.from - slack && recorded.to <= modelled.to + slack;
}

/** Without the share `odd` at either end. */
function rangeOf(values: readonly (number | null)[], odd: number): Range | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const skipped = Math.floor(odd * known.length);
  const [from, to] = [known[skipped], known[known.length - 1 - skipped]];
  return from === undefined || to === undefined ? null : { from, to };
}
