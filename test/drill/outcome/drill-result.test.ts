import { describe, expect, it } from 'vitest';
import { loadSpec } from '../../../drill/loads/load-spec.ts';
import type { LabelledSession, LoadTally } from '../../../drill/loads/tally.ts';
import { countInnocent } from '../../../drill/outcome/drill-result.ts';
import type { EndedSession } from '../../../local/runs/respond-result.ts';

function aTally(label: 'guilty' | 'innocent', sessions: LabelledSession[], cancelled: number[] = []): LoadTally {
  const spec = loadSpec.parse({
    name: 'a load',
    behaviour: 'quiet-sessions',
    user: 'somebody',
    application: 'app',
    label,
    sessions: 1,
  });
  return { spec, sessions, cancelled, errors: {}, refused: 0, worked: 0 };
}

const session = (id: number, end: LabelledSession['end'] = 'open'): LabelledSession => ({
  id,
  incarnation: `${id}.5`,
  purpose: 'sits there',
  end,
});

const ended = (id: number, incarnation = `${id}.5`): EndedSession => ({
  identity: { server: '1', id, incarnation },
  tier: 'kill-idle',
  round: 1,
  user: 'somebody',
  application: 'app',
  database: 'shop',
  method: 'terminate',
  result: 'ended',
  reason: 'idle for 5 s',
});

describe('innocent sessions that were touched', () => {
  it('are none when only guilty ones were ended', () => {
    const loads = [aTally('guilty', [session(1, 'lost')]), aTally('innocent', [session(2)])];
    expect(countInnocent([ended(1)], loads)).toBe(0);
  });

  it('are counted once when record and load agree', () => {
    expect(countInnocent([ended(2)], [aTally('innocent', [session(2, 'lost')])])).toBe(1);
  });

  it('are counted when the load lost one that no record mentions', () => {
    expect(countInnocent([], [aTally('innocent', [session(2, 'lost')])])).toBe(1);
  });

  it('are counted when one had its query cancelled', () => {
    expect(countInnocent([], [aTally('innocent', [session(2)], [2])])).toBe(1);
  });

  it('are counted when the record names a session that no load opened', () => {
    expect(countInnocent([ended(9)], [aTally('guilty', [session(1)])])).toBe(1);
  });

  it('are counted when a guilty session’s number was used again by another', () => {
    expect(countInnocent([ended(1, '99.9')], [aTally('guilty', [session(1)])])).toBe(1);
  });
});
