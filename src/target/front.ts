import { setTimeout as sleep } from 'node:timers/promises';
import type { Listener } from './listeners.js';
import type { ProcStat } from './procfs.js';
import { readTcp, socketInodes } from './sockets.js';
import type { ProcessTree } from './tree.js';

/** A process that uses no CPU for so long has started, or only waits for its children. */
const QUIET_MS = 300;
/** A server that starts helpers first is up by then, as a rule. */
const MOST_MS = 3000;
const LOOK_MS = 25;

/**
 * A server often starts others first, and listens last:
 *
 *   node server.js --- imports ---- starts it, waits ----------------- listens on 3000     the front
 *        └ node prices/service.js        listens on 41221
 *
 * Waits, from the first port that answers, until who might still listen rests. False: another port came up since `looked`,
 * which may be a while ago, for a helper that takes its time to answer.
 */
export async function othersRest(tree: ProcessTree, holders: readonly number[], looked: readonly Listener[], listenersNow: (pids: readonly number[]) => Listener[], sinceMs: number, signal?: AbortSignal): Promise<boolean> {
  const ports = (listeners: readonly Listener[]) => listeners.map((l) => l.port).join();
  let used = -1;
  let quietSinceMs = performance.now();
  while (performance.now() - sinceMs < MOST_MS && signal?.aborted !== true) {
    const members = tree.refresh();
    if (ports(listenersNow(members.map((m) => m.pid))) !== ports(looked)) return false;
    const others = besides(members, holders);
    if (others.length === 0) return true;
    // Who already listens counts as well: others may wait for its word that it is up.
    const ticks = members.reduce((sum, m) => sum + m.cpuTicks, 0) + members.length;
    // Runnable: on a full machine it waits for its turn.
    if (ticks !== used || members.some((m) => m.state === 'R')) quietSinceMs = performance.now();
    used = ticks;
    if (performance.now() - quietSinceMs >= QUIET_MS) return true;
    await sleep(LOOK_MS);
  }
  return true;
}

/** Of the tree, who is neither a holder of the port nor descends from one: none where the root itself listens. */
function besides(members: readonly ProcStat[], holders: readonly number[]): ProcStat[] {
  const parents = new Map(members.map((m) => [m.pid, m.ppid]));
  const isBelow = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined; at = parents.get(at)) if (holders.includes(at)) return true;
    return false;
  };
  return members.filter((m) => !isBelow(m.pid));
}

/** Of several ports that answer, the one that a client of the whole would ask comes first: named in PORT, asking the others, nearest to the root, started last. */
export function frontFirst<T extends { listener: Listener }>(answered: readonly T[], members: readonly ProcStat[], named = Number(process.env['PORT'])): T[] {
  const byPid = new Map(members.map((m) => [m.pid, m]));
  const depth = (pid: number): number => {
    let steps = 0;
    for (let at = byPid.get(pid); at !== undefined && steps < members.length; at = byPid.get(at.ppid)) steps += 1;
    return steps;
  };
  const known = answered.map((item) => {
    const { port, pids } = item.listener;
    return {
      item, port, named: Number(port === named), depth: Math.min(...pids.map(depth)), start: Math.min(...pids.map((pid) => byPid.get(pid)?.startTicks ?? 0)),
      asks: answered.filter((other) => other !== item && asks(item.listener, other.listener)).length,
    };
  });
  return known.toSorted((a, b) => b.named - a.named || b.asks - a.asks || a.depth - b.depth || b.start - a.start || a.port - b.port).map(({ item }) => item);
}

/** Whether it holds a connection to the other's port. */
function asks(from: Listener, to: Listener): boolean {
  return from.pids.some((pid) => {
    const inodes = socketInodes(pid);
    return readTcp(pid).some((s) => s.state === 'ESTABLISHED' && s.remotePort === to.port && inodes.has(s.inode));
  });
}
