import { bpfProbe } from './bpftrace.js';

/**
 * The stacks with which threads go to sleep: probes/off-cpu.bt. Two stacks a sleep cost more than all else that whyslow
 * does, and no rule needs them: only when asked for (--off-cpu), in a window after the last clean one.
 */
export const offCpuProbe = bpfProbe({
  id: 'off-cpu', weight: 'heavy', windows: ['off-cpu'], mapKeys: 8192, keysPer: { thread: 16, connection: 0 },
  needs: ['sched'], standings: true,
});
