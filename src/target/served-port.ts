import { usageError } from '../errors.js';
import { clientHosts, listenersOf } from './listeners.js';
import type { Ready } from './ready.js';
import type { ProcessTree } from './tree.js';

/** The port that a running server serves, found without asking it anything. Errors: exit code 2, says which ports there are. */
export function servedPort(tree: ProcessTree, port: number | null): Ready {
  const listeners = listenersOf(tree.pids());
  const wanted = listeners.filter((l) => port === null || l.port === port);
  const [listener] = wanted;
  if (!listener) {
    const there = listeners.map((l) => String(l.port)).join(', ');
    throw usageError(port === null ? `process ${tree.rootPid} and its children listen on no port; give the PID of the server, or --port`
      : `nobody of process ${tree.rootPid} listens on port ${port}${there === '' ? '' : `; it listens on ${there}`}`);
  }
  if (wanted.length > 1) throw usageError(`process ${tree.rootPid} listens on ${wanted.map((l) => l.port).join(', ')}; say which one serves with --port`);
  tree.setListeners(listener.pids);
  const [host = '127.0.0.1'] = clientHosts(listener.addresses);
  return { url: `http://${host}:${listener.port}/`, port: listener.port, address: listener.addresses[0] ?? '', listenerPids: listener.pids, alsoAnswer: [] };
}
