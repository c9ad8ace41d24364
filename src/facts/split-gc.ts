import type { GcPause } from '../parse/node-ndjson.js';
import type { LedgerPart, LedgerThread } from '../types.js';

/** Takes the collector's pauses in a window out of a thread's user time: they are no code of anybody's. */
export function splitGc(thread: LedgerThread, pauses: readonly GcPause[], window: { startNs: number; endNs: number }): LedgerThread {
  const gcNs = pauses.reduce((sum, p) => sum + Math.max(0, Math.min(p.startNs + p.durationNs, window.endNs) - Math.max(p.startNs, window.startNs)), 0);
  const user = thread.parts.find((p) => p.state === 'user');
  if (!user || gcNs === 0) return thread;
  // A pause is wall time: more of it than user time means that it waited for a CPU as well.
  const ns = Math.min(gcNs, user.ns);
  const parts: LedgerPart[] = [
    ...thread.parts.filter((p) => p !== user),
    { state: 'user', ns: user.ns - ns, share: (user.ns - ns) / thread.wallNs },
    { state: 'gc', ns, share: ns / thread.wallNs },
  ];
  return { ...thread, parts: parts.filter((p) => p.ns > 0).sort((a, b) => b.ns - a.ns) };
}
