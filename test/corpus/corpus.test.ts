import { describe, expect, it } from 'vitest';
import { readCorpus } from '../../corpus/files.ts';
import { CAUSES } from '../../corpus/causes.ts';
import { chooseIncidents } from '../../corpus/making/choose.ts';
import { makeIncident } from '../../corpus/making/incident.ts';
import { judgeAnswer, lastSnapshot } from '../../corpus/scorer/outcome.ts';
import type { Incident } from '../../corpus/format.ts';
import { TROUBLE_NAMES } from '../../bench/strangers/world/troubles.ts';

// Reading it checks every incident against the format.
const CORPUS = readCorpus();

it('has some two hundred incidents of every kind, on every engine, with a profile and without', () => {
  expect(CORPUS.length).toBeGreaterThanOrEqual(200);
  for (const kind of [...TROUBLE_NAMES, 'two at once']) {
    const own = CORPUS.filter(({ labels }) => labels.kind === kind);
    expect(new Set(own.map(({ engine }) => engine)), kind).toEqual(new Set(['postgres', 'mysql', 'mariadb']));
    expect(new Set(own.map(({ profile }) => profile !== null)), kind).toEqual(new Set([true, false]));
  }
  expect(new Set(CORPUS.map(({ id }) => id)).size).toBe(CORPUS.length);
});

it('is what the generator makes of its seeds', () => {
  const chosen = chooseIncidents();
  const made = CORPUS.filter(({ labels }) => labels.source === 'made').map(({ id }) => id);
  expect(new Set(made)).toEqual(new Set(chosen.map(({ id }) => id)));
  for (const one of chosen.filter((_, index) => index % 29 === 0)) {
    // Through JSON, as it is kept.
    const again: unknown = JSON.parse(JSON.stringify(makeIncident(one)));
    expect(CORPUS.find(({ id }) => id === one.id)).toEqual(again);
  }
});

it('says nothing of a machine, and no literal of a statement', () => {
  for (const incident of CORPUS) {
    expect(JSON.stringify(incident)).not.toMatch(/localhost|127\.0\.0|\/(home|tmp|usr|work)\//);
    for (const { text } of incident.statements) expect(text).not.toMatch(/'[^']*'|= *\d/);
  }
});

describe('every incident', () => {
  it('points only at what it has', () => {
    for (const { id, consumers, logins, statements, snapshots, profile } of CORPUS) {
      for (const { consumer } of logins) expect(consumer, id).toBeLessThan(consumers.length);
      for (const { used, sessions } of snapshots) {
        expect(sessions.length, id).toBe(used);
        expect(new Set(sessions.map((session) => session.id)).size, id).toBe(used);
        for (const { login, statement = 0 } of sessions) {
          expect(login, id).toBeLessThan(logins.length);
          expect(statement, id).toBeLessThan(statements.length);
        }
      }
      for (const { rows } of profile?.periods ?? [])
        for (const [consumer] of rows) expect(consumer, id).toBeLessThan(consumers.length);
      const times = snapshots.map(({ atMs }) => atMs);
      expect(
        [...times].sort((a, b) => a - b),
        id,
      ).toEqual(times);
    }
  });

  it('labels sessions of its last snapshot, each in one way', () => {
    for (const incident of CORPUS) {
      const { labels, id } = incident;
      const ids = new Set(lastSnapshot(incident).sessions.map((session) => session.id));
      const named = [...labels.culprit, ...labels.neighbour, ...labels.protected];
      const groups = labels.groups.flatMap(({ sessions }) => sessions);
      const roots = Object.keys(labels.frees).map(Number);
      expect(new Set(named).size, id).toBe(named.length);
      expect(new Set(groups).size, id).toBe(groups.length);
      for (const each of [...named, ...groups, ...roots, ...labels.comesBack]) expect(ids.has(each), id).toBe(true);
      for (const root of roots) expect(labels.culprit, id).toContain(root);
      for (const each of groups) expect(labels.neighbour.includes(each) || labels.protected.includes(each)).toBe(false);
      for (const cause of labels.causes) expect(CAUSES).toContain(cause);
    }
  });

  it('is relieved by the fewest ends, which are all culprits, and not by one less', () => {
    let relieved = 0;
    for (const incident of CORPUS) {
      const { fewest, kind } = incident.labels;
      const culprits = culpritsThatHelp(incident);
      if (fewest === null) {
        const all = judgeAnswer(incident, { end: culprits, cancel: [] });
        expect(all.isRelieved, incident.id).toBeNull();
        continue;
      }
      const outcome = judgeAnswer(incident, { end: culprits.slice(0, fewest.ends), cancel: [] });
      expect(outcome, `${kind} ${incident.id}`).toMatchObject({ innocents: 0, neverEnd: 0, neighbours: 0, spare: 0 });
      expect(outcome.culprits, incident.id).toBe(fewest.ends);
      if (outcome.isRelieved === null || fewest.ends === 0) continue;
      relieved++;
      expect(outcome.isRelieved, `${kind} ${incident.id}`).toBe(true);
      const oneLess = judgeAnswer(incident, { end: culprits.slice(0, fewest.ends - 1), cancel: [] });
      if (fewest.reaches === 'relief') expect(oneLess.isRelieved, `${kind} ${incident.id}`).toBe(false);
    }
    expect(relieved).toBeGreaterThan(90);
  });

  it('needs nobody’s end where nothing is wrong', () => {
    for (const incident of CORPUS.filter(({ labels }) => labels.kind.startsWith('none'))) {
      const { labels, id } = incident;
      expect(labels.culprit, id).toEqual([]);
      expect(labels.fewest?.ends ?? 0, id).toBe(0);
      const everybody = lastSnapshot(incident).sessions.map((session) => session.id);
      const outcome = judgeAnswer(incident, { end: everybody, cancel: [] });
      expect(outcome.culprits, id).toBe(0);
      expect(outcome.innocents, id).toBeGreaterThan(0);
    }
  });
});

/** Those that free most first; then those that are culprits in any case; then those of groups, as many as may end. */
function culpritsThatHelp({ labels }: Incident): number[] {
  const stays = (id: number) => !labels.comesBack.includes(id);
  const roots = Object.entries(labels.frees).sort(([, a], [, b]) => b - a);
  const sure = labels.culprit.filter((id) => stays(id) && labels.frees[id] === undefined);
  const alike = labels.groups
    .filter(({ label, comesBack }) => label === 'culprit' && !comesBack)
    .flatMap(({ sessions, most }) => {
      const others = sessions.filter((id) => !labels.culprit.includes(id));
      return others.slice(0, Math.max(0, most - (sessions.length - others.length)));
    });
  return [...roots.map(([id]) => Number(id)), ...sure, ...alike];
}
