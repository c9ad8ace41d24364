import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { wait, whenIdle } from './manners.js';
import { tied } from './tool-process.js';

const TRACEFS = '/sys/kernel/tracing';

/** In a mount namespace of its own: the machine's own mounts stay as they are. */
const WITH_TRACEFS = ['unshare', '-m', 'sh', '-c', `mount -t tracefs nodev ${TRACEFS} && exec "$@"`, 'sh'];

/**
 * Before the server and the load in the queue for a CPU: it needs little, but slices must be read when they are due,
 * and every millisecond that it waits for its turn to attach or detach is one more that the server is slowed.
 */
export const NICENESS = -10;

/** Before the others, where it compiles several times as long as they do: all of them wait for the last. */
const NICENESS_OF_LONG = -15;

/** The longest string that bpftrace 0.17 takes. */
const STRING_BYTES = 200;

/**
 * Starts `bpftrace -f json ...` with maps of at most `mapKeys` keys. Not with -k, which reports full maps: a record for
 * every single refused update. The runner notes the limit instead, and the parser compares.
 * All of the chain execs, so the child's pid is bpftrace's, and it dies with us: setpriv's
 * death signal outlives exec. Its own session, so that a Ctrl-C on the terminal is ours to handle.
 */
export function spawnBpftrace(args: readonly string[], stdout: number | 'pipe', mapKeys = 64, compilesLong = false): ChildProcess {
  const bpftrace = ['bpftrace', '-f', 'json', ...args];
  const turn = whenIdle() ?? ['nice', '-n', String(compilesLong ? NICENESS_OF_LONG : NICENESS)];
  const [file = '', ...rest] = [...turn, ...(existsSync(`${TRACEFS}/events`) ? [] : WITH_TRACEFS), ...bpftrace];
  const child = spawn(...tied(file, rest, 'KILL'), {
    detached: true,
    stdio: ['ignore', stdout, 'pipe'],
    // Renamed in 0.20: set both.
    env: {
      ...process.env,
      BPFTRACE_MAP_KEYS_MAX: String(mapKeys), BPFTRACE_MAX_MAP_KEYS: String(mapKeys),
      // Else it reads the target's symbols again for every frame of every stack.
      BPFTRACE_CACHE_USER_SYMBOLS: '1',
      BPFTRACE_STRLEN: String(STRING_BYTES), BPFTRACE_MAX_STRLEN: String(STRING_BYTES),
    },
  });
  if (child.pid !== undefined) wait(child.pid);
  return child;
}

/** What it does not mean: it says so on every start in a container, and works. */
const HARMLESS = /RLIMIT_MEMLOCK|WARNING|Addrspace is not set|^nice: /;

/** The line of bpftrace's stderr that tells why it gave up. */
export const whyNot = (stderr: string): string =>
  stderr.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !HARMLESS.test(line)).at(0)?.slice(0, 200) ?? 'bpftrace ended without saying why';
