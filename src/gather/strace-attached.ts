import { readdirSync } from 'node:fs';
import { readProcOnce } from './proc-file.js';

/** Tracer of each thread; 0: none. A thread that ended meanwhile is left out. */
function tracers(pid: number): number[] {
  let tids: string[];
  try {
    tids = readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  return tids.flatMap((tid) => {
    const match = /^TracerPid:\s+(\d+)$/m.exec(readProcOnce(`/proc/${pid}/task/${tid}/status`));
    return match ? [Number(match[1])] : [];
  });
}

/** Every thread of every process that still lives; false when none does. */
export function allTracedBy(pids: readonly number[], tracer: number): boolean {
  const found = pids.flatMap(tracers);
  return found.length > 0 && found.every((pid) => pid === tracer);
}

/** Who traces any of them. */
export const tracersOf = (pids: readonly number[]): number[] => [...new Set(pids.flatMap(tracers))].filter((pid) => pid !== 0);
