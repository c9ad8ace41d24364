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
  /** Names of what was remembered and not named before. `pid`: any process of the network namespace. */
  find(pid: number): Found;
}

/** A server that makes a lock or a connection a request has no end of them: more are not named. */
const MAX_NAMES = 2_000;

/** What sockets and futex addresses are: the tables are read only when there is something new to look up. */
export function names(): Names {
  const inodes = new Set<string>();
  const addresses = new Map<number, Set<string>>();
  const known = new Set<string>();
  const isNew = (name: string): boolean => !known.has(name) && known.size < MAX_NAMES;
  return {
    remember(links, seen) {
      for (const link of Object.values(links).flatMap((byFd) => Object.values(byFd))) {
        const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
        if (inode !== undefined && isNew(inode)) inodes.add(inode);
      }
      for (const [pid, of] of seen) {
        const fresh = [...of].filter(isNew);
        if (fresh.length > 0) addresses.set(pid, new Set([...addresses.get(pid) ?? [], ...fresh]));
      }
    },
    find(pid) {
      const sockets = inodes.size === 0 ? {} : socketNames(pid, inodes);
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
