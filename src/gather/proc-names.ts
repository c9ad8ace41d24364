import { addressOf, mappingAt, mapsOf } from './proc-maps.js';
import type { Links } from './proc-samples.js';
import { socketNames, type SocketName } from './proc-socket-names.js';

interface Found {
  /** By inode: sockets that a thread was found in. */
  sockets?: Record<string, SocketName>;
  /** By futex address in hex: the file whose memory it is, `[heap]`, `[stack]`, or '' for anonymous memory. */
  mappings?: Record<string, string>;
}

export interface Names {
  /** What will need a name. */
  remember(links: Links, addresses: ReadonlyMap<number, ReadonlySet<string>>): void;
  /** Names one socket now, while it is open: a connection a request is gone before the next look. */
  hurry(pid: number, link: string): void;
  /** Names of what was remembered and not named before. `pid`: any process of the network namespace. */
  find(pid: number): Found;
}

/** A server that makes a lock or a connection a request has no end of them: more are not named. */
const MAX_NAMES = 2_000;

/** Reading the tables takes this long when they hold little; with thousands of closed connections it would cost too much, ms. */
const QUICK_MS = 2;
/** Tables read out of turn between two finds. */
const HURRIES = 8;

const INODE = /^socket:\[(\d+)\]$/;

/** What sockets and futex addresses are: the tables are read only when there is something new to look up. */
export function names(): Names {
  const inodes = new Set<string>();
  const addresses = new Map<number, Set<string>>();
  const known = new Set<string>();
  let hurried: Record<string, SocketName> = {};
  let hurriesLeft = HURRIES;
  let slowMs = 0;
  const isNew = (name: string): boolean => !known.has(name) && known.size < MAX_NAMES;
  return {
    remember(links, seen) {
      for (const link of Object.values(links).flatMap((byFd) => Object.values(byFd))) {
        const inode = INODE.exec(link)?.[1];
        if (inode !== undefined && isNew(inode)) inodes.add(inode);
      }
      for (const [pid, of] of seen) {
        const fresh = [...of].filter(isNew);
        if (fresh.length > 0) addresses.set(pid, new Set([...addresses.get(pid) ?? [], ...fresh]));
      }
    },
    hurry(pid, link) {
      const inode = INODE.exec(link)?.[1];
      if (inode === undefined || hurriesLeft === 0 || slowMs > QUICK_MS || !isNew(inode)) return;
      hurriesLeft--;
      const fromMs = performance.now();
      const found = socketNames(pid, new Set([inode]));
      slowMs = performance.now() - fromMs;
      for (const name of Object.keys(found)) known.add(name);
      Object.assign(hurried, found);
    },
    find(pid) {
      const sockets = { ...hurried, ...inodes.size === 0 ? {} : socketNames(pid, inodes) };
      hurried = {};
      hurriesLeft = HURRIES;
      for (const inode of Object.keys(sockets)) known.add(inode);
      // One that is closed by now is not looked for again.
      inodes.clear();
      const mappings: Record<string, string> = {};
      for (const [owner, of] of addresses) {
        const maps = mapsOf(owner);
        for (const address of of) {
          known.add(address);
          const name = mappingAt(maps, addressOf(address));
          if (name !== null) mappings[address] = name;
        }
      }
      addresses.clear();
      return {
        ...(Object.keys(sockets).length === 0 ? {} : { sockets }),
        ...(Object.keys(mappings).length === 0 ? {} : { mappings }),
      };
    },
  };
}
