import type { FactReader, Run } from '../types.js';
import { threadsFact } from './threads.js';

/** What a thread is called: as /proc has it, else as its process. */
export function threadNames(run: Run, read: FactReader): (pid: number, tid: number, own?: string) => string {
  const threads = read(threadsFact);
  const byTid = new Map(threads.ok ? threads.value.threads.map((t) => [t.tid, t.name]) : []);
  const byPid = new Map(run.manifest.target.processes.map((p) => [p.pid, p.comm]));
  return (pid, tid, own = '') => byTid.get(tid) || own || byPid.get(pid) || `process ${String(pid)}`;
}
