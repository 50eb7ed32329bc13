import type { Load } from '../load.ts';
import { forgottenSqlalchemy } from './forgotten-sqlalchemy.ts';
import { forgotten } from './forgotten.ts';
import { honest } from './honest.ts';
import { leakBesidePhp, leakBesideReports } from './leak-beside.ts';
import { leakHikari } from './leak-hikari.ts';
import { leakLimited, leakSlow } from './leak-slow.ts';
import { leakStops } from './leak-stops.ts';
import { lock, lockUnseen } from './lock.ts';
import { queries } from './queries.ts';
import { storm } from './storm.ts';

export const LOADS: readonly Load[] = [
  leakHikari,
  leakStops,
  leakSlow,
  leakLimited,
  queries,
  lock,
  lockUnseen,
  forgotten,
  forgottenSqlalchemy,
  storm,
  leakBesideReports,
  leakBesidePhp,
  honest,
];
