import type { Answer, Incident, Labels, SessionRow } from '../format.ts';

/** What one answer would do to one incident. Counts of sessions, unless a name says otherwise. */
export interface Outcome {
  readonly kind: string;
  readonly hasProfile: boolean;
  readonly innocents: number;
  readonly neverEnd: number;
  readonly neighbours: number;
  readonly spare: number;
  readonly culprits: number;
  /** Ids that the last snapshot does not have. They do nothing. */
  readonly unknown: number;
  /** Where the culprits suffice: whom it ends, and how many of these the fewest are. Null elsewhere. */
  readonly ends: { readonly given: number; readonly enough: number } | null;
  /** Whether that is reached which the culprits can reach; null where they do not suffice, or nothing is pressing. */
  readonly isRelieved: boolean | null;
  /** Null where no cause was named, or where there is no right one. */
  readonly isCauseRight: boolean | null;
  readonly page: Labels['page'];
  /** Null where the answer does not say. */
  readonly isPaged: boolean | null;
}

/** Judges an answer by the labels. Pure. */
export function judgeAnswer(incident: Incident, answer: Answer): Outcome {
  const { labels, limits, policy } = incident;
  const last = lastSnapshot(incident);
  const byId = new Map(last.sessions.map((session) => [session.id, session]));
  const hit = hitBy(answer, byId);
  const verdicts = countVerdicts(labels, hit);
  const usedAfter = last.used - freedBy(labels, hit);
  const { fewest } = labels;
  const isAtTrigger = (used: number) => 100 * used >= policy.triggerPercent * limits.usable;
  const isPressing = isAtTrigger(last.used) || !last.admitsClients;
  const isAtRelief = usedAfter <= reliefSlots(incident);
  const named = answer.cause ?? null;
  return {
    kind: labels.kind,
    hasProfile: incident.profile !== null,
    ...verdicts,
    unknown: [...answer.end, ...answer.cancel].filter((id) => !byId.has(id)).length,
    ends: fewest === null ? null : { given: hit.size, enough: Math.min(hit.size, fewest.ends) },
    isRelieved:
      fewest === null || !isPressing ? null : fewest.reaches === 'relief' ? isAtRelief : !isAtTrigger(usedAfter),
    isCauseRight:
      named === null || labels.causes.length === 0 ? null : (labels.causes as readonly string[]).includes(named),
    page: labels.page,
    isPaged: answer.page ?? null,
  };
}

/** Whose session ends, or whose query. A cancel reaches only who is at work. */
function hitBy({ end, cancel }: Answer, byId: ReadonlyMap<number, SessionRow>): ReadonlyMap<number, 'end' | 'cancel'> {
  const hit = new Map<number, 'end' | 'cancel'>();
  for (const id of cancel) if (byId.get(id)?.state === 'active') hit.set(id, 'cancel');
  for (const id of end) if (byId.has(id)) hit.set(id, 'end');
  return hit;
}

type Hit = ReadonlyMap<number, 'end' | 'cancel'>;

/** In the order of the answer: the first of a group are too many, the later ones are not. */
function countVerdicts(
  labels: Labels,
  hit: Hit,
): Pick<Outcome, 'innocents' | 'neverEnd' | 'neighbours' | 'spare' | 'culprits'> {
  const counts = { innocents: 0, neverEnd: 0, neighbours: 0, spare: 0, culprits: 0 };
  const sure = new Set(labels.culprit);
  const never = new Set(labels.protected);
  const neighbours = new Set(labels.neighbour);
  const groups = openGroups(labels, hit);
  for (const id of hit.keys()) {
    if (never.has(id)) counts.neverEnd++;
    else if (sure.has(id)) counts.culprits++;
    else {
      const group = groups.find(({ sessions, left }) => left > 0 && sessions.has(id));
      if (group !== undefined) {
        group.left--;
        counts[group.label === 'culprit' ? 'culprits' : 'spare']++;
      } else if (neighbours.has(id)) counts.neighbours++;
      else counts.innocents++;
    }
  }
  return counts;
}

/** The groups, with how many of each may still end beside those that are culprits in any case. */
function openGroups({ groups, culprit }: Labels, hit: Hit) {
  const sure = new Set(culprit);
  return groups.map(({ label, sessions, most, comesBack }) => ({
    label,
    comesBack,
    sessions: new Set(sessions),
    left: most - sessions.filter((id) => sure.has(id) && hit.has(id)).length,
  }));
}

/** Slots that come free and stay free for minutes. */
function freedBy(labels: Labels, hit: Hit): number {
  const sure = new Set(labels.culprit);
  const comesBack = new Set(labels.comesBack);
  const groups = openGroups(labels, hit);
  let freed = 0;
  for (const [id, how] of hit) {
    // Whoever is no culprit keeps the session when a query is cancelled.
    if (how === 'cancel' && !sure.has(id)) continue;
    const frees = labels.frees[id];
    const group = sure.has(id) ? undefined : groups.find(({ sessions, left }) => left > 0 && sessions.has(id));
    if (frees !== undefined) freed += frees;
    else if (group !== undefined) {
      group.left--;
      freed += group.comesBack ? 0 : 1;
    } else freed += comesBack.has(id) ? 0 : 1;
  }
  return freed;
}

/** Of the culprits, the fewest that bring relief; null when all of them do not suffice. */
export function fewestBy(incident: Incident): Labels['fewest'] {
  const { labels, limits, policy } = incident;
  const { used } = lastSnapshot(incident);
  const need = used - reliefSlots(incident);
  if (need <= 0) return { ends: 0, reaches: 'relief' };
  const comesBack = new Set(labels.comesBack);
  const sure = new Set(labels.culprit);
  const gains = [
    ...labels.culprit.map((id) => labels.frees[id] ?? (comesBack.has(id) ? 0 : 1)),
    ...labels.groups.flatMap(({ label, sessions, most, comesBack: isBack }) => {
      const alike = sessions.filter((id) => !sure.has(id)).length;
      const count = label === 'culprit' && !isBack ? Math.min(alike, most - (sessions.length - alike)) : 0;
      return Array<number>(Math.max(0, count)).fill(1);
    }),
  ]
    .filter((gain) => gain > 0)
    .sort((a, b) => b - a);
  let freed = 0;
  let ends = 0;
  for (const gain of gains) {
    if (freed >= need) break;
    freed += gain;
    ends++;
  }
  if (freed >= need) return { ends, reaches: 'relief' };
  return 100 * (used - freed) < policy.triggerPercent * limits.usable ? { ends, reaches: 'trigger' } : null;
}

export function lastSnapshot({ snapshots, id }: Pick<Incident, 'snapshots' | 'id'>): Incident['snapshots'][number] {
  const last = snapshots.at(-1);
  if (last === undefined) throw new Error(`incident ${id} has no snapshot`);
  return last;
}

function reliefSlots({ policy, limits }: Incident): number {
  return Math.floor((policy.reliefPercent * limits.usable) / 100);
}
