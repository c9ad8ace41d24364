import { netNamespace, readTcp, socketInodes } from './sockets.js';

/**
 * Who serves the port: established connections to it, by the process that holds them.
 * A prefork server's master, which only listens, is not among them. An instant's view: ask several times under load.
 */
export function connectionsByPid(pids: readonly number[], port: number): Map<number, number> {
  const counts = new Map<number, number>();
  const inodesOfPort = new Map<string, Set<number>>();
  for (const pid of pids) {
    const namespace = netNamespace(pid);
    if (namespace === null) continue;
    let accepted = inodesOfPort.get(namespace);
    if (accepted === undefined) {
      // The local port is the served one: a client's end, in the same tree, has it as its remote port.
      accepted = new Set(readTcp(pid).filter((socket) => socket.state === 'ESTABLISHED' && socket.port === port).map((socket) => socket.inode));
      inodesOfPort.set(namespace, accepted);
    }
    if (accepted.size === 0) continue;
    let held = 0;
    for (const inode of socketInodes(pid)) if (accepted.has(inode)) held++;
    if (held > 0) counts.set(pid, held);
  }
  return counts;
}
