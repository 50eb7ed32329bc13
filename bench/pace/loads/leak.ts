import type { Stage } from '../load.ts';

interface Leak {
  readonly user: string;
  /** Its pool is empty after so many. */
  readonly most: number;
  readonly everyMs: number;
}

/** Takes connections, uses each once and never gives them back. What is refused is tried again. */
export function leak(stage: Stage, { user, most, everyMs }: Leak): void {
  const pool = stage.pool(user, { application: `${user}-worker`, max: most });
  let taken = 0;
  stage.every(everyMs, async () => {
    if (taken >= most) return;
    const one = await pool.take();
    if (one === null) return;
    taken++;
    await one.run('SELECT COUNT(*) FROM orders');
  });
}
