import { basename } from 'node:path';
import { usageError } from '../errors.js';
import { listenersOf } from './listeners.js';
import { isAlive, readCmdline, readExe, readStat, scanProcesses, type ProcStat } from './procfs.js';
import { netNamespace, readTcp, socketInodes } from './sockets.js';

/** A running process to attach to, named for good by its start time, and the port where that was how it was named. */
export interface Found { pid: number; startTicks: number; port: number | null }

/** Names of the candidates in a message, at most. */
const LISTED = 10;

/**
 * Who is meant by `PID`, `:PORT` (whoever listens there: the master of its workers) or a name that one process has.
 * Errors: one line each, exit code 2.
 */
export function findTarget(word: string): Found {
  if (/^\d+$/.test(word)) return byPid(Number(word));
  if (/^:\d+$/.test(word)) return byPort(Number(word.slice(1)));
  if (word === '' || word.startsWith(':')) throw usageError(`"${word}" is neither a PID nor a :PORT; give one of them, or a process's name`);
  return byName(word);
}

function byPid(pid: number): Found {
  const stat = readStat(pid);
  if (stat === null) throw usageError(`there is no process ${pid}; "ps" or "ss -ltnp" tells which there are`);
  if (pid === process.pid) throw usageError(`process ${pid} is whyslow itself; give the server's PID`);
  return watchable(stat, null);
}

/** Refuses what cannot be watched, and says why. */
function watchable(stat: ProcStat, port: number | null): Found {
  const { pid, state, ppid, startTicks } = stat;
  if (!isAlive(stat)) throw usageError(`process ${pid} is a zombie: it has ended, and its parent ${ppid} has not asked for its exit code; attach to one that runs`);
  if (state === 'T' || state === 't') throw usageError(`process ${pid} is stopped (by a signal, or by a debugger); continue it first: kill -CONT ${pid}`);
  if (readExe(pid) === null) {
    throw usageError(readCmdline(pid).length === 0 ? `process ${pid} is a thread of the kernel, or not yours to see; give the server's PID, as root`
      : `process ${pid} is another user's; run whyslow as root, or as that user`);
  }
  return { pid, startTicks, port };
}

function byPort(port: number): Found {
  if (port < 1 || port > 65_535) throw usageError(`:${port} is no port; give one from 1 to 65535`);
  const inodes = new Set(readTcp(process.pid).filter((s) => s.state === 'LISTEN' && s.port === port).map((s) => s.inode));
  const stats = scanProcesses().filter(isAlive);
  if (inodes.size === 0) throw usageError(nobodyListens(port, stats));
  const holders = stats.filter(({ pid }) => [...socketInodes(pid)].some((inode) => inodes.has(inode)));
  if (holders.length === 0) throw usageError(`port ${port} is held by a process that is not yours to see; run whyslow as root`);
  const roots = rootsOf(holders, stats);
  const [root] = roots;
  if (roots.length === 1 && root) return watchable(root, port);
  // Workers that bind for themselves (SO_REUSEPORT) below a parent that does not listen.
  const parents = new Set(roots.map(({ ppid }) => ppid));
  const parent = stats.find(({ pid }) => parents.size === 1 && parents.has(pid) && pid > 1);
  if (parent && readExe(parent.pid) === readExe(roots[0]?.pid ?? 0)) return watchable(parent, port);
  throw usageError(`several programs listen on port ${port}: ${listed(roots)}; attach to one by its PID`);
}

/** A container's port is not ours: there the PID says which namespace is meant. */
function nobodyListens(port: number, stats: readonly ProcStat[]): string {
  const here = netNamespace(process.pid);
  const elsewhere = listenersElsewhere(port, stats.filter(({ pid }) => ![null, here].includes(netNamespace(pid))).map(({ pid }) => pid));
  const roots = rootsOf(stats.filter(({ pid }) => elsewhere.includes(pid)), stats);
  const [root] = roots;
  if (!root) return `nobody listens on port ${port} here; "ss -ltnp" tells who listens (a container's port is found by the PID of its process)`;
  if (roots.length === 1) return `port ${port} is in another network namespace (a container's): ${listed(roots)} listens there; attach to it by its PID: whyslow attach ${root.pid}`;
  return `port ${port} is in other network namespaces (of containers): ${listed(roots)}; attach to one by its PID`;
}

const listenersElsewhere = (port: number, pids: readonly number[]): number[] =>
  listenersOf(pids).filter((listener) => listener.port === port).flatMap((listener) => listener.pids);

function byName(name: string): Found {
  const stats = scanProcesses().filter(isAlive);
  const own = new Set(ancestorsOf(process.pid, stats));
  const matching = stats.filter(({ pid, comm }) => !own.has(pid) && (comm === name || names(pid).includes(name)));
  const roots = rootsOf(matching, stats);
  const [root] = roots;
  if (!root) throw usageError(`no process is called "${name}"; give its PID or :PORT`);
  if (roots.length > 1) throw usageError(`several processes are called "${name}": ${listed(roots)}; attach to one by its PID`);
  return watchable(root, null);
}

/** The program, and what an interpreter was given to run. */
function names(pid: number): string[] {
  const [program = '', ...args] = readCmdline(pid);
  const script = args.find((arg) => !arg.startsWith('-'));
  return [basename(program), ...(script === undefined ? [] : [basename(script)])];
}

/** Those of `some` that descend from no other of them. */
function rootsOf(some: readonly ProcStat[], all: readonly ProcStat[]): ProcStat[] {
  const pids = new Set(some.map(({ pid }) => pid));
  return some.filter(({ pid }) => !ancestorsOf(pid, all).slice(1).some((ancestor) => pids.has(ancestor)));
}

/** The process and those above it. */
function ancestorsOf(pid: number, all: readonly ProcStat[]): number[] {
  const parents = new Map(all.map((stat) => [stat.pid, stat.ppid]));
  const line: number[] = [];
  for (let at: number | undefined = pid; at !== undefined && at > 0 && !line.includes(at); at = parents.get(at)) line.push(at);
  return line;
}

const listed = (stats: readonly ProcStat[]): string =>
  stats.slice(0, LISTED).map(({ pid }) => `${pid} (${readCmdline(pid).join(' ').slice(0, 60)})`).join(', ') + (stats.length > LISTED ? ', ...' : '');
