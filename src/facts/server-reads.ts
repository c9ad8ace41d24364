import type { Fact } from '../types.js';
import { schedCaptureFact, socketsCaptureFact } from './captures.js';

export interface ServerReads {
  /** Reads of the served port over time: requests, but for bodies that come in parts. Empty where only a window was watched. */
  slices: { startNs: number; endNs: number; reads: number }[];
  /** tid 0: threads of that process that ended. */
  byThread: { pid: number; tid: number; reads: number }[];
}

/** Requests as the server's own sockets saw them: how many, when, and by which thread. Empty where nobody looked. */
export const serverReadsFact: Fact<ServerReads> = {
  name: 'server-reads',
  compute(_run, read) {
    const sched = read(schedCaptureFact);
    if (sched.ok && sched.value.readsWatched) {
      const { slices, totals } = sched.value;
      const living = totals.threads.filter((t) => t.reads > 0).map(({ pid, tid, reads }) => ({ pid, tid, reads }));
      const ended = totals.readers.map(({ pid, reads }) => ({ pid, tid: 0, reads: reads - living.reduce((sum, t) => (t.pid === pid ? sum + t.reads : sum), 0) }));
      return { slices, byThread: [...living, ...ended.filter((e) => e.reads > 0)] };
    }
    const sockets = read(socketsCaptureFact);
    return { slices: [], byThread: sockets.ok ? sockets.value.readers.map((r) => ({ pid: r.pid, tid: r.tid, reads: r.requests })) : [] };
  },
};
