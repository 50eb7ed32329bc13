import { describe, expect, it } from 'vitest';
import { readCorpus } from '../../corpus/files.ts';
import { CAUSES } from '../../corpus/causes.ts';
import { chooseIncidents } from '../../corpus/making/choose.ts';
import { lookAt, makeIncident } from '../../corpus/making/incident.ts';
import { judgeAnswer, lastSnapshot } from '../../corpus/scorer/outcome.ts';
import type { Incident } from '../../corpus/format.ts';
import { TROUBLE_NAMES } from '../../bench/strangers/world/troubles.ts';
import { advance, endSession, type World } from '../../bench/strangers/world/world.ts';

// Reading it checks every incident against the format.
const CORPUS = readCorpus();
const CHOSEN = chooseIncidents();

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
  const made = CORPUS.filter(({ labels }) => labels.source === 'made').map(({ id }) => id);
  expect(new Set(made)).toEqual(new Set(CHOSEN.map(({ id }) => id)));
  for (const one of CHOSEN.filter((_, index) => index % 29 === 0)) {
    // Through JSON, as it is kept.
    const again: unknown = JSON.parse(JSON.stringify(makeIncident(one)));
    expect(CORPUS.find(({ id }) => id === one.id)).toEqual(again);
  }
});

it('has some that were recorded on real servers, where everybody is of a load of known label', () => {
  const recorded = CORPUS.filter(({ labels }) => labels.source === 'recorded');
  expect(recorded.length).toBeGreaterThan(0);
  for (const incident of recorded) {
    const { labels, id } = incident;
    const { used, sessions } = lastSnapshot(incident);
    const known = new Set([...labels.culprit, ...labels.protected, ...labels.comesBack]);
    expect(
      sessions.filter((session) => !known.has(session.id)),
      id,
    ).toEqual([]);
    expect(used, id).toBeGreaterThan(0.85 * incident.limits.usable);
    expect(labels.causes.length, id).toBeGreaterThan(0);
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

  it('is relieved by the fewest ends on the simulated server too, if no more culprits come', () => {
    let relieved = 0;
    for (const { id, seed } of CHOSEN) {
      const incident = CORPUS.find((each) => each.id === id);
      if (incident === undefined) throw new Error(`${id} is not in the corpus`);
      const { fewest } = incident.labels;
      if (fewest === null || fewest.ends === 0) continue;
      const { world } = lookAt(seed);
      // What a pool opened for a queue and does not close by itself can only end later.
      if (world.gangs.some(({ part }) => part.role === 'waiter' && part.endsMs === null)) continue;
      for (const gang of world.gangs) if (gang.part.role !== 'waiter') gang.isOver = true;
      for (const culprit of goneForGood(incident, world).slice(0, fewest.ends)) endSession(world, culprit);
      const usualBefore = usualSessions(world);
      advance(world, world.now + 120_000);
      const used = world.sessions.size - (usualSessions(world) - usualBefore);
      const { usable } = incident.limits;
      const level = fewest.reaches === 'relief' ? Math.floor((70 * usable) / 100) : (85 * usable) / 100;
      expect(used, `${incident.labels.kind} ${id}`).toBeLessThanOrEqual(level);
      relieved++;
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

/** The same, with those first that came with the trouble: the simulated pool opens the others again. */
function goneForGood(incident: Incident, world: World): number[] {
  const cameWithIt = (id: number) => Number(world.sessions.get(id)?.gang !== null);
  const { culprit } = incident.labels;
  const rank = (id: number) =>
    incident.labels.frees[id] !== undefined ? 3 : culprit.includes(id) ? 2 : cameWithIt(id);
  const all = [...new Set([...culpritsThatHelp(incident), ...incident.labels.groups.flatMap(ofCulprits)])];
  return all
    .filter((id) => !culprit.includes(id) || culpritsThatHelp(incident).includes(id))
    .sort((a, b) => rank(b) - rank(a));
}

function ofCulprits({ label, sessions, comesBack }: Incident['labels']['groups'][number]): readonly number[] {
  return label === 'culprit' && !comesBack ? sessions : [];
}

function usualSessions(world: World): number {
  return world.crews.reduce((sum, { pool }) => sum + pool.length, 0);
}
