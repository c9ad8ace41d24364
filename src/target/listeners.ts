import { netNamespace, readTcp, readUnixListeners, socketInodes, type TcpSocket } from './sockets.js';

/** One port that processes of the tree listen on. */
export interface Listener {
  port: number;
  /** As bound: `0.0.0.0`, `::`, `127.0.0.1`...; several when several sockets share the port. */
  addresses: string[];
  /** Who holds such a socket, in the order of `pids`. */
  pids: number[];
  /** false: in another network namespace, where our requests do not reach. */
  reachable: boolean;
}

/** Processes by network namespace, so that each table is read once. */
function byNamespace(pids: readonly number[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const pid of pids) {
    const namespace = netNamespace(pid);
    if (namespace === null) continue;
    const group = groups.get(namespace);
    if (group === undefined) groups.set(namespace, [pid]);
    else group.push(pid);
  }
  return groups;
}

/** TCP ports that these processes listen on, lowest first. */
export function listenersOf(pids: readonly number[]): Listener[] {
  const found = new Map<string, Listener>();
  const here = netNamespace(process.pid);
  for (const [namespace, members] of byNamespace(pids)) {
    const listening = readTcp(members[0] ?? 0).filter((socket) => socket.state === 'LISTEN');
    if (listening.length === 0) continue;
    for (const pid of members) {
      const inodes = socketInodes(pid);
      for (const { inode, port, address } of listening) {
        if (!inodes.has(inode)) continue;
        const key = `${namespace} ${port}`;
        const listener = found.get(key) ?? { port, addresses: [], pids: [], reachable: namespace === here };
        if (!listener.addresses.includes(address)) listener.addresses.push(address);
        if (!listener.pids.includes(pid)) listener.pids.push(pid);
        found.set(key, listener);
      }
    }
  }
  return [...found.values()].sort((a, b) => Number(b.reachable) - Number(a.reachable) || a.port - b.port);
}

/** Who of these holds a listening socket on the port, now. Workers that come later are found by asking again. */
export const listenerPids = (pids: readonly number[], port: number): number[] =>
  listenersOf(pids).find((listener) => listener.port === port)?.pids ?? [];

/** Unix sockets that these processes listen on. */
export function unixSocketsOf(pids: readonly number[]): string[] {
  const paths = new Set<string>();
  for (const members of byNamespace(pids).values()) {
    const listening = readUnixListeners(members[0] ?? 0);
    if (listening.length === 0) continue;
    for (const pid of members) {
      const inodes = socketInodes(pid);
      for (const { path, inode } of listening) if (inodes.has(inode)) paths.add(path);
    }
  }
  return [...paths];
}

const isWildcard = (address: string): boolean => address === '0.0.0.0' || address === '::';

/** Where a client on this machine reaches a socket bound so: the order to try them in. */
export function clientHosts(addresses: readonly string[]): string[] {
  const hosts = addresses.flatMap((address) => {
    if (address === '0.0.0.0') return ['127.0.0.1'];
    // Takes IPv4 as well, unless it was made IPV6_V6ONLY.
    if (address === '::') return ['127.0.0.1', '[::1]'];
    return [address.includes(':') ? `[${address}]` : address];
  });
  const rank = (host: string): number => (host === '127.0.0.1' ? 0 : host.startsWith('127.') ? 1 : host === '[::1]' ? 2 : 3);
  return [...new Set(hosts)].sort((a, b) => rank(a) - rank(b));
}

/** Whether a socket bound to `address` takes what is sent to `host` (of this machine). */
export const takes = (socket: TcpSocket, host: string): boolean =>
  isWildcard(socket.address) || socket.address === host ||
  (host === 'localhost' && (socket.address.startsWith('127.') || socket.address === '::1'));
