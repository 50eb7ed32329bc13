import type { Stage } from '../load.ts';
import type { Pool } from '../pool.ts';

interface HealthyPool {
  readonly user: string;
  readonly size: number;
  /** Whether it replaces what it loses, as HikariCP does; else only when it needs one, as most do. */
  readonly refills?: boolean;
}

const EVERY_MS = 400;
const REFILL_MS = 1_000;

/** Opened at once and lightly used: two requests at a time at most, always the connections that came back last. */
export async function healthyPool(stage: Stage, { user, size, refills = false }: HealthyPool): Promise<Pool> {
  const pool = stage.pool(user, { application: `${user}-api`, max: size });
  await pool.fillUp(size);
  const request = () => pool.use(`SELECT COUNT(*), ${stage.sleepSql(0.02)} FROM orders WHERE customer = 7`);
  stage.every(EVERY_MS, request);
  stage.every(EVERY_MS, request);
  if (refills) stage.every(REFILL_MS, () => pool.fillUp(size));
  return pool;
}

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
