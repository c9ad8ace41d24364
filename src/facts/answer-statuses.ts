import type { FactReader } from '../types.js';
import { syscallsCaptureFact } from './captures.js';
import { serverReadsFact } from './server-reads.js';

/**
 * Share of the answers with each status, as the server wrote them in the observed window; of the processes that read from
 * the served port, where those are known. Null where nobody looked, or nothing that was written was HTTP/1.
 */
export function answerStatuses(read: FactReader): { seen: number; shares: Record<string, number> } | null {
  const capture = read(syscallsCaptureFact);
  const all = capture.ok ? capture.value.serving?.statuses ?? [] : [];
  const reads = read(serverReadsFact);
  const readers = new Set(reads.ok ? reads.value.byThread.map((t) => t.pid) : []);
  const own = readers.size > 0 ? all.filter((s) => readers.has(s.pid)) : all;
  const seen = own.reduce((sum, s) => sum + s.calls, 0);
  if (seen === 0) return null;
  const shares: Record<string, number> = {};
  for (const { status, calls } of own) shares[status] = (shares[status] ?? 0) + calls / seen;
  return { seen, shares };
}
