import { makeStranger } from './bench/strangers/world/stranger.ts';
import { makeProfile } from './bench/strangers/world/history.ts';
const s = makeStranger(Number(process.argv[2]));
const q = makeProfile(s, s.crossedAt);
const seen = new Map<string, number>();
for (const x of q) for (const c of x.consumers) if (c.name.includes(process.argv[3] ?? '')) seen.set(c.name, (seen.get(c.name) ?? 0) + 1);
console.log(seen, new Date(q[0]!.at), q.length);
const c = s.consumers.find((c) => c.name.includes(process.argv[3] ?? ''))!;
for (let h = 1; h < 30; h++) console.log(h, c.name, JSON.stringify(c.usualAt(s.crossedAt - h * 3_600_000 + 600_000)));
