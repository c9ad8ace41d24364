import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { runTool } from './tool-process.js';

/** nice(2): a tenth of a CPU that others want all of, and whatever is idle. */
const NICE = 10;

/** The least of nice(2). */
const LAST = 19;

const CHRT = ['/usr/bin/chrt', '/bin/chrt'].find((path) => existsSync(path));
const CHRT_MS = 2000;

let last = false;

/**
 * From now on we go last: our threads, and tools while they get ready. For a server in production, whose machine may be full:
 * programs take seconds to compile, and a report one to write.
 */
export function goLast(): void {
  last = true;
  for (const tid of readdirSync('/proc/self/task')) {
    try {
      setPriority(Number(tid), NICE);
    } catch {
      // It ended meanwhile.
    }
  }
}

/**
 * Before a command that gets ready: the class for idle time, whom everybody else displaces at once (sched(7)). Being nice
 * would not do: who waits for the CPU then waits for the end of a slice. Null where we need not go last, or there is no chrt.
 */
export const whenIdle = (): string[] | null => (last && CHRT ? [CHRT, '-i', '0'] : null);

/** A session of its own is a group of its own for the scheduler, in which it is alone: the group has to wait as well (sched(7), autogroup). */
export function wait(pid: number): void {
  if (last) setGroupPriority(pid, LAST);
}

/** The process is ready, or took too long: from now on it goes before others. Ours are root's. */
export async function hurry(pid: number, niceness: number): Promise<void> {
  if (!last) return;
  setGroupPriority(pid, niceness);
  if (CHRT) await runTool(CHRT, ['-a', '-o', '-p', '0', String(pid)], CHRT_MS);
  try {
    setPriority(pid, niceness);
  } catch {
    // It ended meanwhile.
  }
}

function setGroupPriority(pid: number, niceness: number): void {
  try {
    writeFileSync(`/proc/${String(pid)}/autogroup`, String(niceness));
  } catch {
    // A kernel without groups by session: then the process's own class does.
  }
}
