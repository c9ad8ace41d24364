import type { ProcessInfo } from '../types.js';
import { isAlive, readCmdline, readEnviron, scanProcesses, type ProcStat } from './procfs.js';
import { runtimeOf } from './runtime.js';

export interface ProcessTree {
  readonly rootPid: number;
  /** Live processes of the tree, now: one pass over /proc. Root first, then by age. */
  refresh(): ProcStat[];
  /** The same, pids only. */
  pids(): number[];
  /** Every process ever seen, in order of appearance. */
  processes(): ProcessInfo[];
  /** Marks who holds the served port; the others lose the mark. */
  setListeners(pids: readonly number[]): void;
}

/** A server that forks a process a request must not fill the memory: the oldest dead ones are forgotten. */
const MAX_REMEMBERED = 5000;

interface Seen { info: ProcessInfo; execMark: string }

const keyOf = (stat: { pid: number; startTicks: number }): string => `${stat.pid}:${stat.startTicks}`;

/** Without words it is in the middle of an exec: '' has it described again at the next look. */
const markOf = (stat: ProcStat, info: ProcessInfo): string => (info.cmdline.length === 0 ? '' : stat.execMark);

/**
 * Follows a process tree through fork, exec and daemons.
 *
 *   root ─ child ─ grandchild        by parent
 *   init ─ orphan                    by session or process group: all of a launched target's are its own
 *   init ─ daemon (setsid)           by `marker`, a text in the environment that whyslow gave to the root
 *
 * `pgid`: the group (and session) of a launched root; null for one that we attached to, whose session may be a
 * user's shell: then only a session or group led by a process of the tree counts.
 */
export function processTree(rootPid: number, pgid: number | null, marker: string | null = null): ProcessTree {
  const seen = new Map<string, Seen>();
  let live = new Map<number, ProcStat>();
  /** Looked at, without the marker. */
  let strangers = new Set<string>();
  let rootTicks: number | null = null;
  const launched = pgid !== null;

  function describe(stat: ProcStat): void {
    const key = keyOf(stat);
    const known = seen.get(key);
    if (known === undefined) {
      const { pid, ppid, startTicks, comm } = stat;
      const info: ProcessInfo = { pid, ppid, startTicks, comm, cmdline: readCmdline(pid), runtime: runtimeOf(pid), listens: false };
      seen.set(key, { info, execMark: markOf(stat, info) });
      if (seen.size > MAX_REMEMBERED) forgetOne();
    } else if (known.execMark !== stat.execMark) {
      Object.assign(known.info, { comm: stat.comm, cmdline: readCmdline(stat.pid), runtime: runtimeOf(stat.pid) });
      known.execMark = markOf(stat, known.info);
    }
  }

  function forgetOne(): void {
    for (const [key, { info }] of seen) {
      if (info.pid === rootPid || live.get(info.pid)?.startTicks === info.startTicks) continue;
      seen.delete(key);
      return;
    }
  }

  /** Ids of sessions or groups that only this tree can be in. */
  function ownIds(members: Iterable<ProcStat>, field: 'session' | 'pgrp'): Set<number> {
    const ids = new Set<number>();
    for (const member of members) ids.add(member[field]);
    if (launched) return ids;
    const leaders = new Set([...seen.values()].map(({ info }) => info.pid));
    return new Set([...ids].filter((id) => leaders.has(id)));
  }

  function carriesMarker(stat: ProcStat, still: Set<string>): boolean {
    if (marker === null || rootTicks === null || stat.startTicks < rootTicks) return false;
    const key = keyOf(stat);
    if (strangers.has(key)) {
      still.add(key);
      return false;
    }
    const environ = readEnviron(stat.pid);
    if (environ.includes(marker)) return true;
    // Empty: in the middle of an exec, or not ours to read; ask again next time.
    if (environ !== '') still.add(key);
    return false;
  }

  function look(): ProcStat[] {
    const stats = scanProcesses().filter((stat) => isAlive(stat) && stat.pid !== process.pid);
    const members = new Map<number, ProcStat>();
    for (const stat of stats) {
      if (stat.pid === rootPid) rootTicks ??= stat.startTicks;
      const isRoot = stat.pid === rootPid && stat.startTicks === rootTicks;
      if (isRoot || live.get(stat.pid)?.startTicks === stat.startTicks) members.set(stat.pid, stat);
    }
    const before = [...live.values(), ...members.values()];
    const sessions = ownIds(before, 'session');
    const groups = ownIds(before, 'pgrp');
    const still = new Set<string>();
    for (const stat of stats) {
      if (members.has(stat.pid)) continue;
      if (sessions.has(stat.session) || groups.has(stat.pgrp) || carriesMarker(stat, still)) members.set(stat.pid, stat);
    }
    strangers = still;
    addDescendants(stats, members);
    live = members;
    for (const stat of members.values()) describe(stat);
    return [...members.values()].sort(
      (a, b) => Number(b.pid === rootPid) - Number(a.pid === rootPid) || a.startTicks - b.startTicks || a.pid - b.pid,
    );
  }

  /** A pass over /proc is no snapshot: a process that forks and ends meanwhile may hide both ends. None is told twice. */
  function refresh(): ProcStat[] {
    const members = look();
    return members.length > 0 ? members : look();
  }

  return {
    rootPid,
    refresh,
    pids: () => refresh().map((stat) => stat.pid),
    processes() {
      // An interpreter that comes as a plugin is mapped long after the exec.
      for (const { info } of seen.values()) {
        if (info.runtime === 'native' && live.get(info.pid)?.startTicks === info.startTicks) info.runtime = runtimeOf(info.pid);
      }
      return [...seen.values()].map(({ info }) => ({ ...info }));
    },
    setListeners(pids) {
      const holders = new Set(pids);
      for (const { info } of seen.values()) {
        info.listens = holders.has(info.pid) && live.get(info.pid)?.startTicks === info.startTicks;
      }
    },
  };
}

/** Adds whoever descends from a member, at any depth. */
function addDescendants(stats: readonly ProcStat[], members: Map<number, ProcStat>): void {
  const children = new Map<number, ProcStat[]>();
  for (const stat of stats) {
    const siblings = children.get(stat.ppid);
    if (siblings === undefined) children.set(stat.ppid, [stat]);
    else siblings.push(stat);
  }
  const queue = [...members.keys()];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    for (const child of children.get(pid) ?? []) {
      if (members.has(child.pid)) continue;
      members.set(child.pid, child);
      queue.push(child.pid);
    }
  }
}
