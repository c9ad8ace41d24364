import { metric, point, type Metric } from '../export/metric.js';

/** probes/sched.bt: whether reads are watched, and their number so far, printed every 250 ms. */
const OPEN = /^\{"type": "printf", "data": "open \d+ 1\\n"\}$/;
const READS = /^\{"type": "map", "data": \{"@reads": (\d+)\}\}$/;

/** Requests counted at the sockets of the served port: where no load of ours counts answers. */
export function liveReads(): { take(line: string): void; metrics(): Metric[] } {
  let watched = false;
  let reads: number | null = null;
  return {
    take(line) {
      if (OPEN.test(line)) watched = true;
      const [, n] = READS.exec(line) ?? [];
      if (n !== undefined) reads = Number(n);
    },
    metrics: () => metric('whyslow.server.reads', '{read}', 'counter', 'Reads of data on sockets of the served port since the watch began: requests, or parts of large ones.', [watched ? point(reads) : null]),
  };
}
