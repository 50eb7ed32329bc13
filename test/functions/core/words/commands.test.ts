import { expect, it } from 'vitest';
import { commandFor, withCommands } from '../../../../functions/core/words/commands.ts';

const STAGING = { id: 'staging', commands: { config: 'staging.yaml', records: 'my records' } };

it.each([
  ['doctor', 'doctor --target staging --config staging.yaml'],
  ['plan', "plan --target staging --config staging.yaml --records 'my records'"],
  ['doctor --target other', 'doctor --target other --config staging.yaml'],
  ['incidents show X', "incidents show X --config staging.yaml --records 'my records'"],
  ['resume --all', "resume --all --config staging.yaml --records 'my records'"],
])('%s has the options that its reader must type', (words, typed) => {
  expect(commandFor(words, STAGING)).toBe(`npx --no headroom ${typed}`);
});

it('has none where the defaults lead to the same place', () => {
  expect(commandFor('incidents show X', { id: 'orders' })).toBe('npx --no headroom incidents show X');
  expect(commandFor('limits list --target orders', { id: 'orders', commands: { config: null, records: null } })).toBe(
    'npx --no headroom limits list --target orders',
  );
});

it('quotes what a shell would read otherwise', () => {
  const commands = { config: "it's $HOME.yaml", records: null };
  expect(commandFor('plan', { id: 'a', commands })).toBe(
    "npx --no headroom plan --target a --config 'it'\\''s $HOME.yaml'",
  );
});

it('is put into a text for every command in backticks, and only once', () => {
  const once = withCommands('run `headroom plan`, then `headroom doctor`; drop the schema `headroom`', { id: 'a' });
  expect(once).toBe(
    'run `npx --no headroom plan --target a`, then `npx --no headroom doctor --target a`; drop the schema `headroom`',
  );
  expect(withCommands(once, { id: 'b' })).toBe(once);
});
