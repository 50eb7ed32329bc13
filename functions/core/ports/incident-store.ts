import type { Acts } from './stores/acts.ts';
import type { Approvals } from './stores/approvals.ts';
import type { Gathered } from './stores/gathered.ts';
import type { Incidents } from './stores/incidents.ts';
import type { RecordedLimits } from './stores/limits.ts';
import type { Notices } from './stores/notices.ts';
import type { Pauses } from './stores/pauses.ts';
import type { Profiles } from './stores/profiles.ts';
import type { Rounds } from './stores/rounds.ts';
import type { Samples } from './stores/samples.ts';
import type { Targets } from './stores/targets.ts';
import type { Warnings } from './stores/warnings.ts';

/** All that Headroom keeps. It needs no transactions: every step is one conditional write, and safe to repeat. */
export interface IncidentStore {
  readonly targets: Targets;
  readonly incidents: Incidents;
  readonly notices: Notices;
  readonly rounds: Rounds;
  readonly acts: Acts;
  readonly approvals: Approvals;
  readonly limits: RecordedLimits;
  readonly pauses: Pauses;
  readonly samples: Samples;
  readonly profiles: Profiles;
  readonly warnings: Warnings;
  readonly gathered: Gathered;
}
