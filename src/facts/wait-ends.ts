import { NoData } from '../errors.js';
import type { Fact, WaitEndsFact } from '../types.js';
import { syscallsCaptureFact } from './captures.js';
import { need } from './reader.js';
import { threadsFact } from './threads.js';

/** How the event waits of the serving threads ended: by their timeout, which is a timer that is due, or by an event. */
export const waitEndsFact: Fact<WaitEndsFact> = {
  name: 'wait-ends',
  compute(_run, read) {
    const { serving } = need(read(syscallsCaptureFact));
    if (!serving) throw new NoData('the syscalls probe saw nothing under load');
    const own = new Set(need(read(threadsFact)).threads.filter((t) => t.role === 'serving').map((t) => t.tid));
    const loops = serving.totals.loops.filter((l) => own.has(l.tid));
    const windowS = (serving.closeNs - serving.openNs) / 1e9;
    if (loops.length === 0 || windowS <= 0) throw new NoData('no serving thread waits for events');
    const sum = (of: (loop: (typeof loops)[number]) => number) => loops.reduce((n, l) => n + of(l), 0);
    // A poll of zero is the boundary of an iteration, not a wait.
    return { waitsPerS: sum((l) => l.waits - l.zeroPolls) / windowS, timeoutsPerS: sum((l) => l.timeouts) / windowS };
  },
};
