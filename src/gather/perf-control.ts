import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** Speaks to a running `perf record --control fd:3,4`: a word goes in on fd 3, `ack` comes back on fd 4. */
export interface PerfControl {
  /** `ping` is answered once all events are open; `enable` once they count, `disable` once they do not. */
  say(word: 'ping' | 'enable' | 'disable', timeoutMs: number): Promise<void>;
}

export function perfControl(child: ChildProcess, ended: Promise<unknown>): PerfControl {
  const words = child.stdio[3] as Writable;
  const answers = child.stdio[4] as Readable;
  // EPIPE when it refused to start; `ended` tells.
  words.on('error', () => undefined);
  return {
    say: (word, timeoutMs) => new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${word} in ${timeoutMs} ms`)), timeoutMs);
      answers.once('data', () => {
        clearTimeout(timer);
        resolve();
      });
      void ended.then(() => {
        clearTimeout(timer);
        reject(new Error('it ended'));
      });
      words.write(`${word}\n`);
    }),
  };
}
