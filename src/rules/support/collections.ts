import type { GcFact, HotFunctionsFact } from '../../types.js';
import type { ServingCpu } from './cpu.js';
import { percent } from './format.js';

/** Of the thread's wall time. A healthy server at full load spends 1 to 5%, a framework's hello world up to 15%. */
export const MUCH_GC = 0.18;
/** Of the time in the run queue: from here on pauses last longer than the collections in them. */
const STARVED = 0.2;

/** Why collections take nothing worth naming, or null where they do. Pauses are wall time; the profile tells when they are stretched. */
export function whyNoPressure(gc: GcFact, cpu: ServingCpu | null, hot: HotFunctionsFact | null): string | null {
  if (gc.share < MUCH_GC) return `garbage collection took ${percent(gc.share)} of the thread's time`;
  if (cpu === null || cpu.runQueueShare < STARVED) return null;
  const byProfile = hot?.source === 'cpuprofile' ? hot.byOrigin.gc : null;
  // The collector's own threads wait in the same line: at best the pause ran as much as the thread did.
  const ran = byProfile ?? gc.share * (cpu.cpuShare / (cpu.cpuShare + cpu.runQueueShare));
  return ran < MUCH_GC / 2 ? `pauses of ${percent(gc.share)} of the time, stretched by waiting for a CPU: about ${percent(ran)} of it was collecting` : null;
}
