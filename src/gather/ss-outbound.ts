import { openFds, socketInodes } from '../target/sockets.js';

/** A look at a process with more open files takes longer than it is worth. */
const MAX_FILES = 4000;

/** Inodes of the sockets that these processes hold; null when there are too many files to look at. */
export function heldInodes(pids: readonly number[]): Set<number> | null {
  const open = pids.map((pid) => ({ pid, fds: openFds(pid) }));
  if (open.reduce((sum, { fds }) => sum + fds.length, 0) > MAX_FILES) return null;
  return new Set(open.flatMap(({ pid, fds }) => [...socketInodes(pid, fds)]));
}

/** Lines of ss that are about one of these sockets. */
export const ownLines = (lines: readonly string[], inodes: ReadonlySet<number>): string[] =>
  lines.filter((line) => inodes.has(Number(/ ino:(\d+)/.exec(line)?.[1])));
