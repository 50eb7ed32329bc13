import type { ReserveFacts } from '../../../core/protocol/check-facts.ts';
import type { LimitsRow } from '../look/sample.ts';
import type { RESERVED_ROLES, SelfRow } from './check.sql.ts';

/** Who may use the slots that a setting reserves. A superuser may use all of them. */
const USER_OF_RESERVE: Readonly<Record<string, (typeof RESERVED_ROLES)[number]>> = {
  reserved_connections: 'pg_use_reserved_connections',
  'rds.rds_superuser_reserved_connections': 'rds_superuser',
  'rds.rds_reserved_connections': 'rds_reserved',
};

/** Whether the responder may use reserved slots, and what is missing for it. */
export function reserveOf({ reserves, major, quoted_user }: LimitsRow, self: SelfRow): ReserveFacts {
  const usable = reserves.filter(({ name, slots }) => slots > 0 && mayUse(name, self));
  const slots = usable.reduce((sum, reserve) => sum + reserve.slots, 0);
  const isOffered = major >= 16;
  if (slots > 0) {
    const words = usable.map((reserve) => `${reserve.slots} by ${reserve.name}`).join(', ');
    return { isOffered, slots, detail: `${slots} slots are set aside for logins like this one (${words})`, fix: [] };
  }
  if (!isOffered) {
    const detail = `PostgreSQL ${major} sets aside no slots for the responder: its warm session and patience remain`;
    return {
      isOffered,
      slots,
      detail,
      fix: ['upgrade to PostgreSQL 16 or newer', ...(self.is_managed ? [`GRANT rds_superuser TO ${quoted_user}`] : [])],
    };
  }
  const role = 'pg_use_reserved_connections';
  const mayUseSlots = self.reserved_roles.includes(role);
  const hasSlots = reserves.some(({ name, slots }) => name === 'reserved_connections' && slots > 0);
  return {
    isOffered,
    slots,
    detail: [
      ...(mayUseSlots ? [] : ['the responder may not use reserved slots']),
      ...(hasSlots ? [] : ['reserved_connections is 0: no slot is set aside']),
    ].join('; '),
    fix: [
      ...(mayUseSlots ? [] : [`GRANT ${role} TO ${quoted_user}`]),
      ...(hasSlots
        ? []
        : [
            ...(self.is_managed
              ? ['set reserved_connections to 3 in the parameter group', 'reboot the instance']
              : ['ALTER SYSTEM SET reserved_connections = 3', 'restart the server']),
          ]),
    ],
  };
}

function mayUse(reserve: string, { is_superuser, reserved_roles }: SelfRow): boolean {
  return is_superuser || reserved_roles.includes(USER_OF_RESERVE[reserve] ?? '');
}
