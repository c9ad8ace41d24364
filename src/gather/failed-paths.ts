import { bpfProbe } from './bpftrace.js';

/** Path lookups that fail, and the time of all: probes/failed-paths.bt. */
export const failedPathsProbe = bpfProbe({
  id: 'failed-paths', weight: 'heavy', windows: ['startup', 'sockets'], mapKeys: 32_768, keysPer: { thread: 16, connection: 0 },
  needs: ['syscalls', 'sched'],
});
