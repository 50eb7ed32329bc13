import type { DBCluster, DBInstance } from '@aws-sdk/client-rds';
import type { EngineName } from '../../functions/core/server/snapshot.ts';
import { isFormula, valueOf } from './formula.ts';
import { clusterOf, groupsOf, type Inventory } from '../inventory/inventory.ts';

/** How many slots a server has, as its parameters say. */
export interface Slots {
  readonly maxConnections: number;
  /** Where the number comes from, in words. */
  readonly source: string;
  readonly reservedSlots: number;
}

const GIB = 1024 ** 3;

/** Null when the parameters or the memory of the class are unknown. */
export function slotsOf(inventory: Inventory, instance: DBInstance, engine: EngineName): Slots | null {
  const cluster = clusterOf(inventory, instance);
  const groups = groupsOf(instance, cluster);
  const parameter = (name: string): string | undefined =>
    groups.map((group) => inventory.parameters.get(group)?.get(name)).find((value) => value !== undefined);

  const text = parameter('max_connections');
  if (text === undefined) return null;
  const reservedSlots = engine === 'postgres' ? reservedOf(parameter, majorOf(instance)) : 0;
  if (!isFormula(text))
    return { maxConnections: Number(text), source: 'max_connections of the parameter group', reservedSlots };
  const bytes = memoryOf(inventory, instance, cluster);
  const value = bytes === null ? null : valueOf(text, { DBInstanceClassMemory: bytes });
  if (bytes === null || value === null) return null;
  return {
    maxConnections: Math.min(value, ceilingOf(engine, cluster)),
    source: `An estimate: ${text}, for some ${(bytes / GIB).toFixed(1)} GiB`,
    reservedSlots,
  };
}

/**
 * What formulas are computed with: the memory of the class, less what RDS keeps for itself. AWS does not say how much
 * that is. Its table for Aurora MySQL (45 connections on db.t3.small, 90 on db.t3.medium, 135 on db.t3.large, 1,000 on
 * db.r5.large) gives three quarters for classes up to 8 GiB, and 95 % for larger ones. Too few slots make an alarm go
 * off too early; too many, too late.
 */
function memoryOf({ memory }: Inventory, instance: DBInstance, cluster: DBCluster | undefined): number | null {
  const units = cluster?.ServerlessV2ScalingConfiguration?.MaxCapacity;
  if (instance.DBInstanceClass === 'db.serverless') return units === undefined ? null : usableOf(units * 2 * GIB);
  const whole = memory.get(instance.DBInstanceClass ?? '');
  return whole === undefined ? null : usableOf(whole);
}

function usableOf(bytes: number): number {
  return bytes * (bytes <= 8 * GIB ? 0.75 : 0.95);
}

/** Aurora PostgreSQL Serverless v2 gives at most 2,000 where it may shrink to half a unit or less. */
function ceilingOf(engine: EngineName, cluster: DBCluster | undefined): number {
  const least = cluster?.ServerlessV2ScalingConfiguration?.MinCapacity;
  return engine === 'postgres' && least !== undefined && least <= 0.5 ? 2000 : Infinity;
}

/** Parameters of RDS for PostgreSQL that keep slots from ordinary clients, and what they are where no group says. */
const RESERVES: readonly { readonly name: string; readonly usual: number; readonly in: (major: number) => boolean }[] =
  [
    { name: 'superuser_reserved_connections', usual: 3, in: () => true },
    { name: 'rds.rds_reserved_connections', usual: 4, in: () => true },
    { name: 'reserved_connections', usual: 2, in: (major) => major >= 16 },
    { name: 'rds.rds_superuser_reserved_connections', usual: 2, in: (major) => major < 16 },
  ];

function reservedOf(parameter: (name: string) => string | undefined, major: number): number {
  return RESERVES.filter((reserve) => reserve.in(major)).reduce((sum, { name, usual }) => {
    const value = parameter(name);
    return sum + (value !== undefined && /^\d+$/.test(value) ? Number(value) : usual);
  }, 0);
}

function majorOf({ EngineVersion = '' }: DBInstance): number {
  return Number.parseInt(EngineVersion, 10);
}
