import { describe, expect, it } from 'vitest';
import { gapsOf } from '../../bench/incidents/coverage.ts';
import { generateIncident } from '../../bench/incidents/generate.ts';
import { MODELS } from '../../bench/incidents/models.ts';
import { readRecorded, type RecordedRehearsal } from '../../bench/incidents/recorded.ts';
import { SCENARIOS } from '../../drill/scenarios/index.ts';

const REHEARSALS = readRecorded();

describe.each(MODELS)('the model of $name', (model) => {
  it('is of scenarios that there are, and that were recorded', () => {
    const names = SCENARIOS.map(({ name }) => name);
    for (const scenario of model.scenarios) {
      expect(names).toContain(scenario);
      expect(REHEARSALS.map(({ scenario }) => scenario)).toContain(scenario);
    }
  });

  it('reaches what the rehearsals of its story recorded', () => {
    expect(gapsOf(model, REHEARSALS)).toEqual([]);
  });

  it('makes the same incident of the same seed', () => {
    expect(generateIncident(model, 7)).toEqual(generateIncident(model, 7));
  });
});

it('a model that does not reach what was recorded is told of', () => {
  const [model] = MODELS;
  const [rehearsal] = REHEARSALS.filter(({ scenario }) => model?.scenarios.includes(scenario));
  if (model === undefined || rehearsal === undefined) throw new Error('nothing is recorded');
  const strange: RecordedRehearsal = { ...rehearsal, measures: { ...rehearsal.measures, idle: 0.1 } };
  expect(gapsOf(model, [strange])).toMatchObject([
    { model: model.name, measure: 'idle', recorded: { from: 0.1, to: 0.1 } },
  ]);
});

it('nothing of the machine is on record', () => {
  expect(JSON.stringify(REHEARSALS)).not.toMatch(/[/\\]|127\.|localhost/);
});
