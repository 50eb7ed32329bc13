import { stringify } from 'yaml';
import { parseConfig } from '../lib/config/config.ts';
import type { HeadroomConfig } from '../lib/config/schema.ts';
import type { Scenario } from './scenario/scenario.ts';
import type { DrillServer } from './target/drill-server.ts';
import { slotsOf, type ServerChoice } from './target/server-choice.ts';

const TARGET_ID = 'shop';
const RESPONDER_VARIABLE = 'HEADROOM_DRILL_URL';
const CANARY_VARIABLE = 'HEADROOM_DRILL_CANARY_URL';

/** The configuration of a rehearsal: written as a person would, and read by the same reader. */
export function drillConfig(scenario: Scenario, choice: ServerChoice): HeadroomConfig {
  const { name, mode, policy, pools = [] } = scenario;
  const { maxConnections, reserved } = slotsOf(scenario, choice);
  const text = stringify({
    targets: [
      {
        id: TARGET_ID,
        engine: choice.engine,
        auth: { mode: 'url', variable: RESPONDER_VARIABLE, canaryVariable: CANARY_VARIABLE },
        // The server listens on loopback alone.
        tls: { mode: 'disable' },
        maxConnections,
        reservedSlots: reserved,
        mode,
        rehearsal: true,
        pools,
        policy,
      },
    ],
  });
  return parseConfig(text, `drill ${name}`);
}

/** All that the runtime gets to see of an environment. */
export function drillEnvironment({ responderUrl, canaryUrl }: DrillServer): NodeJS.ProcessEnv {
  return { [RESPONDER_VARIABLE]: responderUrl, [CANARY_VARIABLE]: canaryUrl };
}
