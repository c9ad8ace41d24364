import type { WindowName } from '../types.js';
import { count } from './numbers.js';
import { cutMiddle } from './safe-text.js';

/** What happens in a window, for someone who waits. */
export const WINDOW_WORDS: Record<WindowName, string> = {
  startup: 'starting the server',
  warmup: 'warming up',
  clean: 'measuring speed, nothing heavy attached',
  observed: 'watching syscalls and the event loop',
  sockets: 'watching sockets and failing paths',
  ledger: "splitting the threads' time",
  profile: 'profiling functions',
  'off-cpu': 'recording where threads sleep',
  strace: 'tracing with strace, the figures are taken',
  drain: 'letting requests finish',
};

/** `watching syscalls and the event loop, 6 s left, 2,293 req/s`: one line of at most `width` columns, no newline. */
export function progressLine({ window, secondsLeft, rps, width }: { window: WindowName; secondsLeft: number; rps: number | null; width: number }): string {
  const parts = [
    WINDOW_WORDS[window],
    ...(secondsLeft > 0 ? [`${Math.ceil(secondsLeft)} s left`] : []),
    ...(rps === null ? [] : [`${count(rps)} req/s`]),
  ];
  return cutMiddle(parts.join(', '), width, false);
}
