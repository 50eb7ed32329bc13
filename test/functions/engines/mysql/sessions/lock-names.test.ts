import { describe, expect, it } from 'vitest';
import { lockNameIn } from '../../../../../functions/engines/mysql/sessions/blockers.ts';

describe('the name that a statement waits for in GET_LOCK', () => {
  it.each([
    ["SELECT GET_LOCK('Flyway-127', 10)", 'Flyway-127'],
    ['select get_lock ( "it""s", 60 ) = 1', 'it"s'],
    ["/* migrate */ SELECT GET_LOCK('o''hara', 1)", "o'hara"],
    [String.raw`SELECT GET_LOCK('a\'b\\c', 1)`, String.raw`a'b\c`],
    ["DO GET_LOCK('first', 1), GET_LOCK('second', 1)", 'first'],
  ])('of %s is %s', (statement, name) => {
    expect(lockNameIn(statement)).toBe(name);
  });

  it.each([
    'SELECT GET_LOCK(@name, 10)',
    "SELECT GET_LOCK(CONCAT('a', 'b'), 10)",
    "SELECT GET_LOCK('', 10)",
    `SELECT GET_LOCK('${'x'.repeat(65)}', 10)`,
    "SELECT GET_LOCK('cut off",
    'SELECT 1',
  ])('of %s is not known', (statement) => {
    expect(lockNameIn(statement)).toBeNull();
  });
});
