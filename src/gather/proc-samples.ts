import { readProcLink } from '../target/procfs.js';
import { procBuffer } from './proc-file.js';
import { onlyFd, type PollCalls } from './proc-poll.js';
import type { Asked } from './proc-threads.js';

/** Where threads stood: tid -> `running` or `nr` or `nr:fd` or `nr@address` (futex; `t` behind it: for a limited time, `m`: a mutex) -> times seen. */
export type Samples = Record<string, Record<string, number>>;

/** What file descriptors were when a thread was first found in them: tid -> fd -> link of /proc/PID/fd. */
export type Links = Record<string, Record<string, string>>;

export interface Taken {
  samples: Samples;
  links: Links;
  /** Futex addresses, in hex, by pid. */
  addresses: Map<number, Set<string>>;
}

/** Calls whose arguments are worth keeping. */
export interface CallNumbers { fd: ReadonlySet<number>; futex: number; polls: PollCalls }

/** File descriptors looked up between two takes: 3 us each. */
const MAX_LINKS = 64;

/** futex(address, operation, value, timeout, ...). */
const FUTEX_ARGUMENTS = 4;

/** Address and count, or count and two addresses. */
const POLL_ARGUMENTS = 3;

/**
 * A mutex that others wait for has the value 2 (Drepper, Futexes Are Tricky: glibc, Rust, Go alike), and its waiters sleep as
 * long as it has. Conditions and semaphores wait on 0 or a counter.
 */
const LOCKED_WITH_WAITERS = '0x2';

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
  /** Looks once, for `weight` looks' worth of time. True when somebody ran and the others stood in a futex: nothing that a closer look would tell. */
  tick(weight: number): boolean;
  /** What was seen since the last call. */
  take(): Taken;
}

/**
 * Looks at /proc/PID/task/TID/syscall: `running`, or the number of the syscall it is blocked in and its arguments in hex,
 * then stack and instruction pointer; -1 when it is blocked outside of one (page fault).
 * https://docs.kernel.org/filesystems/proc.html; fs/proc/base.c proc_pid_syscall()
 *
 *   281 0xe 0x7ffdd2094920 0x400 0x32f 0x0 0x8 0x7ffdd2093bc0 0x7f977cc46cae
 */
export function sampler(calls: CallNumbers, onLink: (pid: number, link: string) => void): Sampler {
  let lively: readonly Asked[] = [];
  let quiet: readonly Asked[] = [];
  let next = 0;
  let nextQuiet = 0;
  let ticks = 0;
  let seen = new Map<number, Map<string, number>>();
  let links: Links = {};
  let linked = 0;
  let addresses = new Map<number, Set<string>>();
  let polled = new Map<number, { key: string; resolved: string }>();

  const note = (pid: number, tid: number, key: string): void => {
    const at = key.search(/[:@]/);
    if (at === -1) return;
    if (key[at] === '@') {
      let known = addresses.get(pid);
      if (!known) addresses.set(pid, known = new Set());
      known.add(key.slice(at + 1).replace(/[mt]$/, ''));
    } else if (linked++ < MAX_LINKS) {
      // At once, while it most likely still stands there: a minute later the number may be another file's.
      const fd = key.slice(at + 1);
      const link = readProcLink(`/proc/${pid}/fd/${fd}`);
      if (link === null) return;
      (links[tid] ??= {})[fd] = link;
      onLink(pid, link);
    }
  };

  /** Asked once for each call that looks the same: a worker that idles stands in one call for long. */
  const withPolledFd = (pid: number, tid: number, key: string): string => {
    const [nr = '', args] = key.split('?');
    if (args === undefined) return key;
    const known = polled.get(tid);
    if (known?.key === key) return known.resolved;
    const fd = onlyFd(pid, Number(nr), args.split(' '), calls.polls);
    const resolved = fd === null ? nr : `${nr}:${fd}`;
    polled.set(tid, { key, resolved });
    return resolved;
  };

  const look = ({ pid, tid, syscall }: Asked, weight: number): 'runs' | 'in a futex' | 'waits' => {
    const bytes = syscall.readBytes();
    if (bytes === 0) return 'in a futex';
    const key = withPolledFd(pid, tid, keyOf(bytes, calls));
    let counts = seen.get(tid);
    if (!counts) seen.set(tid, counts = new Map());
    if (!counts.has(key)) note(pid, tid, key);
    counts.set(key, (counts.get(key) ?? 0) + weight);
    // V8's helpers stand in one between collections.
    return key === 'running' ? 'runs' : key.includes('@') ? 'in a futex' : 'waits';
  };

  return {
    follow(nextLively, nextQuietOnes) {
      lively = nextLively;
      quiet = nextQuietOnes;
    },
    tick(weight) {
      let [runs, waits] = [false, false];
      const turn = Math.min(lively.length, PER_TICK);
      for (let i = 0; i < turn; i++) {
        const thread = lively[(next + i) % lively.length];
        const stands = thread ? look(thread, weight) : 'in a futex';
        runs ||= stands === 'runs';
        waits ||= stands === 'waits';
      }
      next = lively.length === 0 ? 0 : (next + turn) % lively.length;
      const nothingNew = runs && !waits;
      if (ticks++ % QUIET_EVERY_TICKS !== 0) return nothingNew;
      for (let i = 0; i < Math.min(quiet.length, PER_TICK); i++) {
        const thread = quiet[nextQuiet++ % quiet.length];
        if (thread) look(thread, weight);
      }
      return nothingNew;
    },
    take() {
      const samples: Samples = {};
      for (const [tid, counts] of seen) samples[tid] = Object.fromEntries(counts);
      const taken = { samples, links, addresses };
      seen = new Map();
      links = {};
      linked = 0;
      addresses = new Map();
      polled = new Map();
      return taken;
    },
  };
}

function keyOf(bytes: number, calls: CallNumbers): string {
  const first = procBuffer[0];
  if (first === LETTER_R) return 'running';
  if (first === MINUS) return '-1';
  let at = 0;
  let nr = 0;
  for (; at < bytes && procBuffer[at] !== SPACE; at++) nr = nr * 10 + (procBuffer[at] ?? 0) - 48;
  if (nr === calls.futex) return futexKey(nr, procBuffer.toString('latin1', at + 1, bytes).split(' ', FUTEX_ARGUMENTS));
  if (calls.polls.poll.has(nr) || calls.polls.select.has(nr)) {
    return `${nr}?${procBuffer.toString('latin1', at + 1, bytes).split(' ', POLL_ARGUMENTS).join(' ')}`;
  }
  if (!calls.fd.has(nr)) return String(nr);
  const end = procBuffer.indexOf(SPACE, at + 1);
  const fd = Number(procBuffer.toString('latin1', at + 1, end === -1 ? bytes : end));
  return fd <= MAX_FD ? `${nr}:${fd}` : String(nr);
}

function futexKey(nr: number, [address = '', , value, timeout = '0x0']: readonly string[]): string {
  const kind = timeout !== '0x0' ? 't' : value === LOCKED_WITH_WAITERS ? 'm' : '';
  return `${nr}@${address.slice(2)}${kind}`;
}
