import { runHeadroom } from './bench/strangers/run.ts';
const seedOf = (s: number, i: number) => s * 1_000_003 + i;
const [,, seed, n, hist] = process.argv;
const rows: any[] = [];
for (let i = 0; i < Number(n); i++) { const told: any = {}; let w: any; const o: any = runHeadroom(seedOf(Number(seed), i), hist !== 'no', { begins: (x: any) => { w = x; }, ends: (x: any, what: string, v: any) => { for (const y of v) if (y.label === 'innocent') { const kind = w.stranger.consumers.find((c: any) => c.name === y.consumer)?.kind; told[`${what.split(' ')[0]} ${kind}`] = (told[`${what.split(' ')[0]} ${kind}`] ?? 0) + 1; } } }); if (o.ends.innocent > 0) console.log(i, o.stranger.engine, o.stranger.troubles.map((t: any) => t.name).join('+'), o.cause, JSON.stringify(told)); rows.push({ i, ...o }); }
const by = Map.groupBy(rows, (r) => r.stranger.troubles.length > 1 ? 'two' : r.stranger.troubles.map((t: any) => t.name).join('+'));
let inn = 0;
for (const [k, rs] of by) {
  const list = (f: (r: any) => boolean) => { const x = rs.filter(f); return x.length + ': ' + x.map((r) => r.i).slice(0, 9).join(' '); };
  inn += rs.filter((r) => r.ends.innocent > 0).length;
  console.log(`${k} (${rs.length}, possible ${rs.filter((r)=>r.fewest!==null).length}): innocents ${list((r) => r.ends.innocent > 0)} | not relieved ${list((r) => r.reliefSeconds === null && r.fewest !== null)} | relapse ${list((r) => r.hasRelapsed && r.fewest !== null)} | ${[...Map.groupBy(rs, (r) => String(r.cause))].map(([c, x]) => `${c} ${x.length} (${x.slice(0,4).map((r:any) => r.i)})`).join(', ')}`);
}
const ok = rows.filter((r) => r.fewest !== null);
console.log('incidents with innocents', inn, 'of', rows.length, 'ends/fewest', ok.reduce((s, r) => s + r.ends.culprit + r.ends.innocent + r.ends.spare, 0) / ok.reduce((s, r) => s + r.fewest.ends, 0), 'relieved', ok.filter((r) => r.reliefSeconds !== null).length, 'of', ok.length);
