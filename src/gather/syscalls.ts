import { bpfProbe } from './bpftrace.js';

/** Calls, errors and latency by thread and number, and the ticks of event loops: probes/syscalls.bt. */
export const syscallsProbe = bpfProbe({
  id: 'syscalls', weight: 'heavy', windows: ['startup', 'observed'], mapKeys: 16_384, keysPer: { thread: 32, connection: 1 },
  needs: ['syscalls', 'sched'], fds: true, statuses: true,
});
