import { gcCpuFact } from '../../facts/gc-cpu.js';
import { gcFact } from '../../facts/gc.js';
import { hotFunctionsFact } from '../../facts/hot-functions.js';
import type { FactReader, GcCpuFact, GcFact, HotFunctionsFact } from '../../types.js';
import { servingCpu, type ServingCpu } from './cpu.js';
import { clamp, optional } from './finding.js';
import { count, percent } from './format.js';

/** Of the thread's wall time. A healthy server at full load spends 1 to 5%, a framework's hello world up to 15%. */
export const MUCH_GC = 0.18;
/** Of the time in the run queue: from here on pauses last longer than the collections in them. */
const STARVED = 0.2;
/** Of the process's CPU where no core is free, the collector's threads included: a hello world has up to a tenth. */
const MUCH_OF_CPU = 0.3;

/** What collections cost. */
export interface GcPressure {
  /** Of the work that the server is limited by: of the busy thread's time, or of the process's CPU where no core is free. */
  share: number;
  /** Null where the runtime does not tell of its pauses. */
  gc: GcFact | null;
  /** With the CPU of the collector's own threads; null where they take nothing from anybody. */
  cpu: GcCpuFact | null;
}

/** Pauses that take the thread, or threads of the collector that take the cores that it wants. `null`: nothing told. */
export function gcPressureOf(read: FactReader): GcPressure | { not: string } | null {
  const gc = optional(read(gcFact));
  const cpu = optional(servingCpu(read));
  const byCpu = optional(read(gcCpuFact));
  const crowds = byCpu !== null && cpu !== null && cpu.fillsMachine && byCpu.pid === cpu.pid;
  if (byCpu !== null && byCpu.stoppedShare >= MUCH_GC) return { share: byCpu.stoppedShare, gc, cpu: byCpu };
  if (crowds && byCpu.ofProcess >= MUCH_OF_CPU) return { share: byCpu.ofProcess, gc, cpu: byCpu };
  if (gc === null && byCpu !== null && byCpu.stoppedShare > 0) return { not: `garbage collection stopped the program ${percent(byCpu.stoppedShare)} of the time` };
  if (gc === null) return crowds ? { not: `garbage collection took ${percent(byCpu.ofProcess)} of the process's CPU` } : null;
  const not = whyNoPressure(gc, cpu, optional(read(hotFunctionsFact)));
  if (not) return { not: `${not} (${count(gc.pauses)} pauses, longest ${count(gc.maxMs)} ms)` };
  return { share: cpu && cpu.busy > 0 ? clamp(gc.share / cpu.busy) : gc.share, gc, cpu: null };
}

/** Pauses are wall time; the profile tells when they are stretched. */
function whyNoPressure(gc: GcFact, cpu: ServingCpu | null, hot: HotFunctionsFact | null): string | null {
  if (gc.share < MUCH_GC) return `garbage collection took ${percent(gc.share)} of the thread's time`;
  if (cpu === null || cpu.runQueueShare < STARVED) return null;
  const byProfile = hot?.source === 'cpuprofile' ? hot.byOrigin.gc : null;
  // The collector's own threads wait in the same line: at best the pause ran as much as the thread did.
  const ran = byProfile ?? gc.share * (cpu.cpuShare / (cpu.cpuShare + cpu.runQueueShare));
  return ran < MUCH_GC / 2 ? `pauses of ${percent(gc.share)} of the time, stretched by waiting for a CPU: about ${percent(ran)} of it was collecting` : null;
}
