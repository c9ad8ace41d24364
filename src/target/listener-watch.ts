import { listenersOf, type Listener } from './listeners.js';
import { socketInodes } from './sockets.js';

/** A socket that was seen before it listened is found this much later at most. */
const REREAD_MS = 100;

/**
 * `listenersOf`, made cheap enough to ask every 20 ms: the kernel walks its whole hash of connections for one read of
 * /proc/net/tcp (over 1 ms each for IPv4 and IPv6), so the tables are read when a new socket shows up, else seldom.
 */
export function watchListeners(): (pids: readonly number[]) => Listener[] {
  let known = new Set<number>();
  let last: Listener[] = [];
  let readAtMs = -Infinity;
  return (pids) => {
    const inodes = new Set(pids.flatMap((pid) => [...socketInodes(pid)]));
    const isNew = [...inodes].some((inode) => !known.has(inode));
    known = inodes;
    if (!isNew && performance.now() - readAtMs < REREAD_MS) return last;
    last = inodes.size === 0 ? [] : listenersOf(pids);
    readAtMs = performance.now();
    return last;
  };
}
