import type { Scenario } from '../../drill/scenario/scenario.ts';
import type { LoadSpec } from '../../drill/loads/load-spec.ts';
import type { Session } from '../../functions/core/server/session.ts';
import type { Snapshot } from '../../functions/core/server/snapshot.ts';
import { policy } from '../../functions/core/policy/policy.ts';
import type { Incident, Labels } from '../format.ts';
import { writeDown } from '../making/write-down.ts';
import { fewestBy } from '../scorer/outcome.ts';
import type { Watched } from './watch.ts';

const { triggerPercent, reliefPercent } = policy.parse({});
const PROTECTED = new Set<LoadSpec['behaviour']>(['protected-work', 'replication', 'migration']);

/** What a rehearsal has shown, with the labels of its loads. */
export function toIncident(id: string, scenario: Scenario, { specs, snapshots: [first, last] }: Watched): Incident {
  const snapshots = [withoutOurs(first), withoutOurs(last)] as const;
  const question = writeDown({ id, policy: { triggerPercent, reliefPercent }, snapshots, profileOf: null });
  const labels = labelsOf(scenario, specs, snapshots[1].sessions);
  return { ...question, labels: { ...labels, fewest: fewestBy({ ...question, labels }) } };
}

/** Without Headroom's session and the server's own processes; the machine's addresses become invented ones. */
function withoutOurs(snapshot: Snapshot): Snapshot {
  const sessions = snapshot.sessions
    .filter(({ own, kind }) => !own && kind !== 'system')
    .map((session) => ({ ...session, client: session.client?.replace(/^127\./, '10.') ?? null }));
  return { ...snapshot, sessions, used: sessions.length };
}

function labelsOf(scenario: Scenario, specs: readonly LoadSpec[], sessions: readonly Session[]): Labels {
  const specOf = ({ user }: Session) => specs.find((spec) => spec.user === user);
  const idsOf = (which: (session: Session) => boolean) => sessions.filter(which).map(({ identity }) => identity.id);
  const isProtected = (session: Session) => {
    const spec = specOf(session);
    // Nobody but the loads is there, and the rehearsal's own administrator.
    return session.superuser || session.kind === 'replication' || spec === undefined || PROTECTED.has(spec.behaviour);
  };
  const culprit = idsOf((session) => !isProtected(session) && specOf(session)?.label === 'guilty');
  const waiting = sessions.filter(({ blockedBy }) => blockedBy.length > 0).length;
  const roots = idsOf((session) => specOf(session)?.behaviour === 'lock-holder');
  return {
    kind: 'recorded',
    words: [scenario.summary],
    source: 'recorded',
    culprit,
    neighbour: [],
    protected: idsOf(isProtected),
    groups: [],
    comesBack: idsOf((session) => !isProtected(session) && specOf(session)?.label === 'innocent'),
    frees: Object.fromEntries(roots.map((id) => [String(id), 1 + waiting])),
    fewest: null,
    causes: [scenario.expect.cause].flat().filter((cause) => cause !== null),
    page: scenario.expect.outcome === 'relieved' ? 'not needed' : 'needed',
  };
}
