import { countBy } from '../../functions/core/words/count-by.ts';
import { mostFirst } from '../../functions/core/words/lists.ts';
import { tableOf } from '../../local/terminal/table.ts';
import { SECOND } from './world/consumer.ts';
import type { Listener, Outcome, Told } from './run.ts';
import { usageOf, type Crew, type World } from './world/world.ts';

/** Prints one incident as it goes on: who holds what, every round with its cause and verdict, and whom each act ends. */
export function storyteller(print: (line: string) => void): Listener {
  const when = (world: World) => `${((world.now - world.stranger.alarmAt) / SECOND).toFixed(0).padStart(4)} s`;
  return {
    begins(world, fewest, page) {
      const { stranger } = world;
      print(`${stranger.engine}, ${stranger.usable} usable slots of ${stranger.maxConnections}, seed ${stranger.seed}`);
      print(
        `usage crossed the trigger ${new Date(stranger.crossedAt).toUTCString()}, alarm ` +
          `${(stranger.alarmAt - stranger.crossedAt) / SECOND} s later`,
      );
      for (const trouble of stranger.troubles) {
        print(`${trouble.name}: ${trouble.words}`);
        for (const { role, atCrossing, spanMs, most, againMs, endsMs } of trouble.parts)
          print(
            `    ${role}: ${atCrossing} within ${seconds(spanMs)}, at most ${most}, ` +
              `again after ${seconds(againMs)}, ends after ${seconds(endsMs)}`,
          );
      }
      print(
        tableOf(
          ['consumer', 'kind', 'usual', 'now', 'idle', 'open', 'busy', 'of the trouble', 'longest idle s'],
          world.crews.filter(({ count, target }) => count + target > 0).map((crew) => rowOf(world, crew)),
        ),
      );
      print(
        `fewest ends: ${fewest === null ? 'the culprits do not suffice' : `${fewest.ends}, to the ${fewest.reaches}`}; ` +
          `a page is ${page}`,
      );
    },
    looks(world, { diagnosis: { cause, plan }, verdict }) {
      const second = cause.ranking.find(({ name }) => name !== cause.name);
      print(
        `${when(world)}  ${usageOf(world).toFixed(1)}%  ${cause.name} ${cause.confidence}` +
          `${second === undefined ? '' : `, then ${second.name} ${second.probability}`}; need ${plan.need}`,
      );
      print(`          -> ${verdict.next}: ${verdict.why}`);
    },
    ends(world, what, victims) {
      print(`${when(world)}  ${what} ends ${victims.length}: ${inWords(victims)}`);
    },
    over(world, outcome) {
      print(`${when(world)}  over: ${describe(outcome)}`);
    },
  };
}

function rowOf(world: World, crew: Crew): string[] {
  const own = [...world.sessions.values()].filter((live) => live.crew === crew);
  const inState = (state: string) => String(own.filter((live) => live.state === state).length);
  const idle = own.filter(({ state }) => state === 'idle').map(({ since }) => world.now - since);
  return [
    crew.consumer.name,
    crew.consumer.kind,
    crew.consumer.usualAt(world.stranger.crossedAt).total.toFixed(0),
    String(crew.count),
    inState('idle'),
    inState('idle-in-transaction'),
    inState('active'),
    String(own.filter(({ gang }) => gang !== null).length),
    idle.length === 0 ? '·' : String(Math.round(idle.reduce((a, b) => Math.max(a, b), 0) / SECOND)),
  ];
}

function inWords(victims: readonly Told[]): string {
  const counts = countBy(victims, ({ consumer, label }) => `${consumer} (${label})`);
  return mostFirst(counts)
    .map(([who, count]) => `${count} of ${who}`)
    .join(', ');
}

function describe({ ends, calmSeconds, reliefSeconds, hasRelapsed, cause, isPaged }: Outcome): string {
  const after = (seconds: number | null) => (seconds === null ? 'never' : `after ${seconds} s`);
  return (
    `under the trigger ${after(calmSeconds)}${hasRelapsed ? ', then relapse' : ''}; ` +
    `at the relief level ${after(reliefSeconds)}; ` +
    `ended ${ends.culprit} culprits, ${ends.innocent} innocents, ${ends.spare} spare idle; ` +
    `cause ${cause ?? 'none'}; ${isPaged ? 'paged' : 'not paged'}`
  );
}

function seconds(ms: number | null): string {
  return ms === null ? 'never' : `${(ms / SECOND).toFixed(1)} s`;
}
