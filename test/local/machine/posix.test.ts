import { afterEach, expect, test } from 'vitest';
import { startKeeper } from '../../../local/machine/keeper.ts';

const { platform } = process;
afterEach(() => Object.defineProperty(process, 'platform', { value: platform }));

test('on Windows a run says where it does run, before it starts anything', () => {
  Object.defineProperty(process, 'platform', { value: 'win32' });
  expect(() => startKeeper()).toThrow(/run of the workflow .* needs a POSIX shell.*run it in WSL/);
});
