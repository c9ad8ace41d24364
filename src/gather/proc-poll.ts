import { closeSync, openSync, readSync } from 'node:fs';

/** How poll, ppoll, select and pselect6 take their descriptors, by number of the call. */
export interface PollCalls { poll: ReadonlySet<number>; select: ReadonlySet<number> }

const CALLS: Record<string, PollCalls> = {
  x64: { poll: new Set([7, 271]), select: new Set([23, 270]) },
  arm64: { poll: new Set([73]), select: new Set([72]) },
};

/** Empty for an unknown architecture. */
export const pollCalls = (arch: string): PollCalls => CALLS[arch] ?? { poll: new Set(), select: new Set() };

/** A select over more descriptors than this is a loop's. */
const MAX_SELECT_FDS = 1024;

const buffer = Buffer.alloc(MAX_SELECT_FDS / 8);

/**
 * The one descriptor that a thread waits for in poll or select; null where there are several: then it is an event loop. A
 * socket with a time limit (Python's settimeout) and a worker with one listener stand in such a call, and only the descriptor
 * tells them apart. It stands in the thread's own memory, 8 bytes that nobody writes while the thread sleeps; they are read.
 *
 *   poll(struct pollfd { int fd; short events, revents; } *, nfds, timeout)      select(nfds, readfds, writefds, exceptfds, timeout)
 */
export function onlyFd(pid: number, nr: number, args: readonly string[], calls: PollCalls): number | null {
  if (calls.poll.has(nr)) return args[1] === '0x1' && read(pid, Number(args[0]), 4) ? buffer.readInt32LE(0) : null;
  const count = Number(args[0]);
  if (!calls.select.has(nr) || !(count > 0) || count > MAX_SELECT_FDS) return null;
  const fds = new Set([args[1], args[2]].flatMap((address) => bitsAt(pid, Number(address), count)));
  const [fd] = fds;
  return fds.size === 1 && fd !== undefined ? fd : null;
}

function bitsAt(pid: number, address: number, count: number): number[] {
  const bytes = Math.ceil(count / 8);
  if (!(address > 0) || !read(pid, address, bytes)) return [];
  return Array.from({ length: count }, (_, fd) => fd).filter((fd) => ((buffer[fd >> 3] ?? 0) >> (fd & 7)) & 1);
}

/** False where we may not, or the process is gone. */
function read(pid: number, address: number, bytes: number): boolean {
  let fd: number | undefined;
  try {
    fd = openSync(`/proc/${pid}/mem`, 'r');
    return readSync(fd, buffer, 0, bytes, address) === bytes;
  } catch {
    return false;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
