import { expect, test } from 'vitest';
import { parseConfig } from '../../../lib/config/config.ts';
import { warningsOf } from '../../../lib/config/warnings.ts';
import { configText } from '../../support/templates.ts';

function warnings(text: string, place?: 'aws' | 'local'): string {
  return warningsOf(parseConfig(text, 'headroom.yaml'), place).join('\n');
}

const EMAIL = 'notify: { email: [dba@example.com] }';

test('a configuration with nothing to worry about gives no warning', () => {
  expect(warnings(configText('', EMAIL))).toBe('');
});

test('no way to reach a person is said', () => {
  expect(warnings(configText())).toContain('no way to reach a person');
});

test('a way that does not serve in the place is not counted', () => {
  expect(warnings(configText('', EMAIL), 'local')).toContain('neither command nor webhook');
  expect(warnings(configText('', 'notify: { command: page-me }'), 'aws')).toContain('notify.email is empty');
});

test.each([
  ['reserves that are assumed', configText('', EMAIL).replace('    reservedSlots: 9\n', ''), 'assume 9'],
  ['a server that is not verified', configText('    tls: { mode: require }', EMAIL), 'not verified'],
  ['data from statements in records', configText('    policy: { statements: verbatim }', EMAIL), 'verbatim'],
  [
    'no canary',
    `${EMAIL}\ntargets: [{ id: a, engine: mysql, auth: { mode: url, variable: A } }]`,
    'auth.canaryVariable is not set',
  ],
  [
    'no encryption',
    `${EMAIL}\ntargets: [{ id: a, engine: mysql, auth: { mode: url, variable: A }, tls: { mode: disable } }]`,
    'unencrypted',
  ],
])('%s are named with the target', (_, text, words) => {
  expect(warnings(text)).toContain(words);
  expect(warnings(text)).toMatch(/^targets \w+: /);
});
