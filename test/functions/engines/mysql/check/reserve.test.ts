import { expect, test } from 'vitest';
import { reserveOf } from '../../../../../functions/engines/mysql/check/reserve.ts';

const lacking = (features: { engine: 'mysql' | 'mariadb'; isRds: boolean; instance: string | null }) =>
  reserveOf({ ...features, reserved: false }, { account: 'headroom@10.%' });

test('the extra slot is offered where an administrator can grant it: not on RDS, but on Aurora MySQL 3', () => {
  const fix = ['GRANT CONNECTION_ADMIN ON *.* TO `headroom`@`10.%`'];
  expect(lacking({ engine: 'mysql', isRds: false, instance: null })).toMatchObject({ isOffered: true, fix });
  expect(lacking({ engine: 'mysql', isRds: true, instance: null })).toMatchObject({ isOffered: false, fix: [] });
  expect(lacking({ engine: 'mysql', isRds: true, instance: 'orders-1' })).toMatchObject({ isOffered: false, fix });
  expect(lacking({ engine: 'mariadb', isRds: true, instance: null })).toMatchObject({ isOffered: false, fix: [] });
});
