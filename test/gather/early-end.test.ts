import { expect, it } from 'vitest';
import { earlyEnd } from '../../src/gather/early-end.js';

it('says how a child ended, and of one that is not ours no exit code', () => {
  expect(earlyEnd('launch', { code: 3, signal: null }, false)).toContain('exit code 3');
  expect(earlyEnd('launch', { code: null, signal: 'SIGKILL' }, false)).toContain('SIGKILL');
  const attached = earlyEnd('attach', { code: null, signal: null }, true);
  expect(attached).toMatch(/ended by itself/);
  expect(attached).not.toMatch(/null|exit code/);
  expect(earlyEnd('attach', null, true)).toBe('ended early by the user');
  expect(earlyEnd('attach', null, false)).toBeNull();
});
