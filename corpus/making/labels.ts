import type { Consumer } from '../../bench/strangers/world/consumer.ts';
import { excessOf, fewestEnds, isAtFault, labelOf, pageLabel } from '../../bench/strangers/world/labels.ts';
import type { Crew, Gang, Live, World } from '../../bench/strangers/world/world.ts';
import { fewestBy } from '../scorer/outcome.ts';
import type { Group, Incident, Labels } from '../format.ts';

/** Ended sessions that come again within this time bring nothing. */
const SOON_MS = 300_000;

/** The right answer for the last snapshot, as the generator knows it. */
export function labelsOf(world: World, kind: string, question: Omit<Incident, 'labels'>): Labels {
  const everyone = [...world.sessions.values()].filter(({ crew }) => !crew.consumer.isProtected);
  const isDeploy = world.gangs.some(({ part }) => part.role === 'successor');
  const mayTakeSpare = fewestEnds(world) === null && !isDeploy;
  const byLabel = Map.groupBy(everyone, (live) => labelOf(world, live, mayTakeSpare));
  const idsOf = (sessions: readonly Live[] = []) => sessions.map(({ id }) => id);
  const labels: Labels = {
    kind,
    words: world.stranger.troubles.map(({ words }) => words),
    source: 'made',
    culprit: idsOf(everyone.filter(isAtFault)),
    neighbour: idsOf(byLabel.get('neighbour')),
    protected: idsOf([...world.sessions.values()].filter(({ crew }) => crew.consumer.isProtected)),
    groups: world.crews.flatMap((crew) => groupsOf(world, crew, byLabel)),
    comesBack: idsOf(everyone.filter((live) => isOpenedAgain(live))),
    frees: freesOf(world),
    fewest: null,
    causes: [...new Set(world.stranger.troubles.flatMap(({ causes }) => causes))],
    page: pageLabel(world),
  };
  return { ...labels, fewest: fewestBy({ ...question, labels }) };
}

type ByLabel = ReadonlyMap<string, readonly Live[]>;

/** Sessions of one consumer that are alike: as many of them as are too many may end, whichever these are. */
function groupsOf(world: World, crew: Crew, byLabel: ByLabel): Group[] {
  const own = (label: string) => (byLabel.get(label) ?? []).filter((live) => live.crew === crew);
  const gangs = world.gangs.filter((gang) => gang.crew === crew);
  const groups: Group[] = [];
  const add = (label: Group['label'], sessions: readonly Live[], most: number) => {
    if (sessions.length === 0 || most <= 0) return;
    const comesBack = gangs.some(({ part }) => comesSoon(part.againMs));
    groups.push({ label, sessions: sessions.map(({ id }) => id), most, comesBack });
  };
  const culprits = own('culprit');
  const alike = culprits.filter((live) => !isAtFault(live));
  const excess = excessOf(world, crew);
  if (excess > 0) add('culprit', alike, excess);
  else if (alike.length > 0) {
    // A cold session of a pool that leaks looks like a leaked one: together no more than are leaked, and too many.
    const usual = Math.round(crew.consumer.usualAt(world.stranger.crossedAt).total);
    add('culprit', culprits, Math.min(crew.count - usual, culprits.length - alike.length));
  }
  add('spare', own('spare'), spareOf(world, crew, gangs));
  return groups;
}

const usedInDay = new WeakMap<Consumer, number>();

/** How many sessions a pool holds clearly above what it has used at once within a day; in a deploy, above its usual number. */
function spareOf(world: World, crew: Crew, gangs: readonly Gang[]): number {
  const { consumer, count } = crew;
  if (gangs.some(({ part }) => part.role === 'successor')) return excessOf(world, crew, new Set(['successor']));
  let used = usedInDay.get(consumer);
  if (used === undefined) {
    const quarters = Array.from({ length: 96 }, (_, index) => world.stranger.crossedAt - 900_000 * index);
    used = Math.max(...quarters.map((at) => consumer.usualAt(at)).map(({ busy, open }) => busy + open));
    usedInDay.set(consumer, used);
  }
  return Math.ceil(count - (1.2 * used + 2));
}

function comesSoon(againMs: number | null): boolean {
  return againMs !== null && againMs < SOON_MS;
}

/** Whether its slot is taken again within minutes when it ends: by its pool, or by the same client. */
function isOpenedAgain({ gang, crew, state }: Live): boolean {
  if (gang !== null) return gang.part.role === 'storm' || comesSoon(gang.part.againMs);
  const { habit } = crew.consumer;
  if (habit.refill === 'all' || habit.shortLivedMs !== null) return true;
  // Such a pool opens only what it works with.
  return state !== 'idle' || crew.pool.length <= Math.ceil(1.1 * crew.working);
}

/** What a root blocker frees: its slot, and those that its pool opened only because everybody waits. */
function freesOf(world: World): Record<string, number> {
  const roots = world.gangs.filter(({ part }) => part.role === 'root');
  return Object.fromEntries(
    roots.flatMap(({ trouble, live }) =>
      [...live].map(({ id }) => {
        const waiters = world.gangs.filter((gang) => gang.trouble === trouble && gang.part.role === 'waiter');
        return [String(id), 1 + waiters.reduce((sum, gang) => sum + gang.live.size, 0)] as const;
      }),
    ),
  );
}
