import { makeProfile, makeSamples } from '../../bench/strangers/world/history.ts';
import { takeSnapshot } from '../../bench/strangers/world/look.ts';
import { makeStranger, RELIEF_PERCENT, TRIGGER_PERCENT } from '../../bench/strangers/world/stranger.ts';
import { advance, openWorld, type World } from '../../bench/strangers/world/world.ts';
import type { Snapshot } from '../../functions/core/server/snapshot.ts';
import type { Incident } from '../format.ts';
import { labelsOf } from './labels.ts';
import { sumUp } from './profile.ts';
import { writeDown } from './write-down.ts';

/** Between two looks: as long as pt-kill waits if nothing else is said. */
const LOOK_MS = 30_000;

/** One of the incidents that a generated server may have; see `choose.ts`. */
export interface Chosen {
  readonly id: string;
  readonly seed: number;
  readonly kind: string;
  readonly hasHistory: boolean;
}

/** The same seed makes the same incident. */
export function makeIncident({ id, seed, kind, hasHistory }: Chosen): Incident {
  const { world, snapshots } = lookAt(seed);
  const { stranger, now: at } = world;
  const history = () => ({ quarters: makeProfile(stranger, at), samples: makeSamples(stranger, at), at });
  const question = writeDown({
    id,
    policy: { triggerPercent: TRIGGER_PERCENT, reliefPercent: RELIEF_PERCENT },
    snapshots,
    profileOf: hasHistory ? (indexOf) => sumUp(history(), ({ name, user }) => indexOf({ name, user })) : null,
  });
  return { ...question, labels: labelsOf(world, kind, question) };
}

/** The server of a seed at its last look, and what every look has shown. */
export function lookAt(seed: number): { readonly world: World; readonly snapshots: readonly [Snapshot, Snapshot] } {
  const stranger = makeStranger(seed);
  const world = openWorld(stranger);
  advance(world, stranger.alarmAt);
  const first = takeSnapshot(world);
  advance(world, stranger.alarmAt + LOOK_MS);
  return { world, snapshots: [first, takeSnapshot(world)] };
}
