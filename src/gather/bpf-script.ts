import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The scripts name x86_64 numbers. aarch64 has its own; calls that it never had get a number that nothing has. */
const ABSENT = 9999;
export const AARCH64: Readonly<Record<string, number>> = {
  open: ABSENT, stat: ABSENT, lstat: ABSENT, access: ABSENT, readlink: ABSENT, poll: ABSENT, select: ABSENT, epoll_wait: ABSENT,
  openat: 56, newfstatat: 79, readlinkat: 78, faccessat: 48, execve: 221, execveat: 281, statx: 291, openat2: 437, faccessat2: 439,
  epoll_pwait: 22, epoll_pwait2: 441, ppoll: 73, pselect6: 72, io_uring_enter: 426,
  write: 64, writev: 66, pwrite64: 68, pwritev: 70, sendto: 206, sendmsg: 211,
};

export interface ScriptInput {
  /** File in probes/, without `.bt`. */
  name: string;
  arch: string;
  /** Thread ids by process, of the target's tree. */
  threads: ReadonlyMap<number, readonly number[]>;
  /** False where reads cannot be watched (before 6.3) or need not: what `READS` marks goes; else what `NO READS` marks. */
  reads: boolean;
  /** What `STATUS` marks stays. */
  statuses?: boolean;
  /** Ports that somebody listens on, in the target's network namespace. */
  listening?: readonly number[];
}

/** A line a thread: beyond this many the program takes seconds to compile. The others are adopted as they are met. */
const SEEDS_AT_MOST = 400;

const NUMBER = /^#define NR_(\w+) \d+/gm;

/** A script of probes/ made ready for one target. It takes the root's pid as $1 and the served port as $2. */
export function bpfScript({ name, arch, threads, reads, statuses = false, listening = [] }: ScriptInput): string {
  let text = readFileSync(fileURLToPath(new URL(`../../probes/${name}.bt`, import.meta.url)), 'utf8');
  if (/^(arm64|aarch64)$/.test(arch)) text = text.replace(NUMBER, (_, call: string) => `#define NR_${call} ${String(AARCH64[call] ?? ABSENT)}`);
  if (reads) text = text.replace(/^ *\/\/ NO READS \{[\s\S]*?\/\/ NO READS \}\n/gm, '');
  else text = text.replace('#define WATCH_READS 1', '#define WATCH_READS 0').replace(/^\/\/ READS \{[\s\S]*?^\/\/ READS \}/m, '').replace(/^.*\/\/ READS$/gm, '');
  if (!statuses) text = text.replace(/^ *\/\/ STATUS \{[\s\S]*?\/\/ STATUS \}\n/gm, '').replace(/^.*\/\/ STATUS\n/gm, '');
  const pids = [...threads.keys()];
  const all = [...threads].flatMap(([pid, of]) => of.map((tid) => [tid, pid] as const));
  const tids = all.slice(0, SEEDS_AT_MOST);
  // Looking for them costs a little at every switch on the machine.
  if (tids.length === all.length) text = text.replace(/^ *\/\/ ADOPT \{[\s\S]*?\/\/ ADOPT \}\n/m, '');
  return text
    .replace(/^.*\/\/ SEED PROCESSES$/m, pids.map((pid) => `  @tracked[${String(pid)}] = (uint64)1;`).join('\n'))
    .replace(/^(.*)\/\/ SEED LISTENERS$/m, (_, line: string) => [line, ...listening.map((port) => line.replaceAll('$2', String(port)))].join('\n'))
    // Whatever the line does for the root it does for each thread: $1 is the thread, (uint64)$1 its process.
    .replace(/^(.*)\/\/ SEED THREADS$/m, (_, line: string) =>
      tids.map(([tid, pid]) => line.replaceAll('(uint64)$1', `(uint64)${String(pid)}`).replaceAll('$1', String(tid))).join('\n'));
}
