import type { FactReader } from '../../types.js';
import { threadsFact } from '../threads.js';

/** Threads that serve; null where that is not known: then all count. */
export function servingTids(read: FactReader): Set<number> | null {
  const threads = read(threadsFact);
  const serving = threads.ok ? threads.value.threads.filter((t) => t.role === 'serving') : [];
  return serving.length > 0 ? new Set(serving.map((t) => t.tid)) : null;
}

/** Processes that serve; null where that is not known. */
export function servingPids(read: FactReader): Set<number> | null {
  const threads = read(threadsFact);
  const serving = threads.ok ? threads.value.processes.filter((p) => p.serving) : [];
  return serving.length > 0 ? new Set(serving.map((p) => p.pid)) : null;
}
