import type { Fact } from '../types.js';
import { schedCaptureFact, socketsCaptureFact } from './captures.js';

export interface ServerReads {
  /** Reads of the served port over time: requests, but for bodies that come in parts. Empty where only a window was watched. */
  slices: { startNs: number; endNs: number; reads: number }[];
  byThread: ReadonlyMap<number, number>;
}

/** Requests as the server's own sockets saw them: how many, when, and by which thread. Empty where nobody looked. */
export const serverReadsFact: Fact<ServerReads> = {
  name: 'server-reads',
  compute(_run, read) {
    const sched = read(schedCaptureFact);
    if (sched.ok && sched.value.readsWatched) {
      const { slices, totals } = sched.value;
      return {
        slices: slices.map(({ startNs, endNs, threads }) => ({ startNs, endNs, reads: threads.reduce((sum, t) => sum + t.reads, 0) })),
        byThread: new Map(totals.threads.filter((t) => t.reads > 0).map((t) => [t.tid, t.reads])),
      };
    }
    const sockets = read(socketsCaptureFact);
    return { slices: [], byThread: new Map(sockets.ok ? sockets.value.readers.map((r) => [r.tid, r.requests]) : []) };
  },
};
