import type { PerfSample } from '../parse/perf-script.js';

/** V8's collector (scavenges, marking, sweeping), and Go's. */
const COLLECTOR = /v8::internal::.*(Scaveng|Marking|MarkCompact|Sweep|Evacuat|MemoryChunk|RememberedSet|GCTracer)|IteratePointers<v8::|^runtime\.(gc[A-Z]|scanobject|greyobject|markroot|bgsweep|sweepone)/;

/** HotSpot's threads that only collect, by the names that it gives them. */
const COLLECTOR_THREAD = /^(VM Thread$|GC Thread#|G1 |ZWorker|ZDirector|ZDriver|Shenandoah |ParGC|CMS )/;

/** Of those, the ones that work while all of the program stands still: what the longest of them runs is lost to everybody. */
const STOPS_ALL = /^(VM Thread$|GC Thread#|ParGC)/;

export const stopsAll = (thread: string): boolean => STOPS_ALL.test(thread);

/** Whether a sample of the CPU was taken in a garbage collector, or in a thread that is nothing else. */
export const isCollecting = ({ comm, stack }: Pick<PerfSample, 'comm' | 'stack'>): boolean =>
  COLLECTOR_THREAD.test(comm) || stack.some((f) => f.kind === 'native' && COLLECTOR.test(f.name));
