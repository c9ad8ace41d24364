import { expect, it } from 'vitest';
import { progressLine, WINDOW_WORDS } from '../../src/report/progress.js';
import type { WindowName } from '../../src/types.js';

it('says what happens, how long still, and the rate', () => {
  expect(progressLine({ window: 'clean', secondsLeft: 5.2, rps: 12_345, width: 80 })).toBe('measuring speed, nothing heavy attached, 6 s left, 12.3k req/s');
  expect(progressLine({ window: 'startup', secondsLeft: 0, rps: null, width: 80 })).toBe('starting the server');
});

it.each(Object.keys(WINDOW_WORDS) as WindowName[])('fits a narrow terminal in %s', (window) => {
  expect(progressLine({ window, secondsLeft: 100, rps: 123_456, width: 30 }).length).toBeLessThanOrEqual(30);
});
