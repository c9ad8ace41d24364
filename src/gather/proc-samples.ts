import { procBuffer } from './proc-file.js';
import type { Asked } from './proc-threads.js';

/** Where threads stood: tid -> `running` or `nr` or `nr:fd` -> times seen. */
export type Samples = Record<string, Record<string, number>>;

/** Threads asked in one tick; more of them take turns. One look costs about 5 us. */
const PER_TICK = 16;

/** Every so many ticks the quiet ones are asked, a few at a time. */
const QUIET_EVERY_TICKS = 25;

const SPACE = 0x20;
const LETTER_R = 0x72;
const MINUS = 0x2d;

/** Above this an argument is no file descriptor (AT_FDCWD, garbage). */
const MAX_FD = 2 ** 21;

export interface Sampler {
  /** Threads to ask from now on. */
  follow(lively: readonly Asked[], quiet: readonly Asked[]): void;
  /** Looks once, for `weight` looks' worth of time. True when all it asked were running: they wait for nothing. */
  tick(weight: number): boolean;
  /** What was seen since the last call. */
  take(): Samples;
}

/**
 * Looks at /proc/PID/task/TID/syscall: `running`, or the number of the syscall it is blocked in and its arguments in hex,
 * then stack and instruction pointer; -1 when it is blocked outside of one (page fault).
 * https://docs.kernel.org/filesystems/proc.html; fs/proc/base.c proc_pid_syscall()
 *
 *   281 0xe 0x7ffdd2094920 0x400 0x32f 0x0 0x8 0x7ffdd2093bc0 0x7f977cc46cae
 */
export function sampler(fdCalls: ReadonlySet<number>): Sampler {
  let lively: readonly Asked[] = [];
  let quiet: readonly Asked[] = [];
  let next = 0;
  let nextQuiet = 0;
  let ticks = 0;
  let seen = new Map<number, Map<string, number>>();

  const look = ({ tid, syscall }: Asked, weight: number): boolean => {
    const bytes = syscall.readBytes();
    if (bytes === 0) return true;
    const key = keyOf(bytes, fdCalls);
    let counts = seen.get(tid);
    if (!counts) seen.set(tid, counts = new Map());
    counts.set(key, (counts.get(key) ?? 0) + weight);
    return key === 'running';
  };

  return {
    follow(nextLively, nextQuietOnes) {
      lively = nextLively;
      quiet = nextQuietOnes;
    },
    tick(weight) {
      let running = true;
      const turn = Math.min(lively.length, PER_TICK);
      for (let i = 0; i < turn; i++) {
        const thread = lively[(next + i) % lively.length];
        if (thread) running = look(thread, weight) && running;
      }
      next = lively.length === 0 ? 0 : (next + turn) % lively.length;
      if (ticks++ % QUIET_EVERY_TICKS !== 0) return running;
      for (let i = 0; i < Math.min(quiet.length, PER_TICK); i++) {
        const thread = quiet[nextQuiet++ % quiet.length];
        if (thread) look(thread, weight);
      }
      return running;
    },
    take() {
      const samples: Samples = {};
      for (const [tid, counts] of seen) samples[tid] = Object.fromEntries(counts);
      seen = new Map();
      return samples;
    },
  };
}

function keyOf(bytes: number, fdCalls: ReadonlySet<number>): string {
  const first = procBuffer[0];
  if (first === LETTER_R) return 'running';
  if (first === MINUS) return '-1';
  let at = 0;
  let nr = 0;
  for (; at < bytes && procBuffer[at] !== SPACE; at++) nr = nr * 10 + (procBuffer[at] ?? 0) - 48;
  if (!fdCalls.has(nr)) return String(nr);
  const end = procBuffer.indexOf(SPACE, at + 1);
  const fd = Number(procBuffer.toString('latin1', at + 1, end === -1 ? bytes : end));
  return fd <= MAX_FD ? `${nr}:${fd}` : String(nr);
}
