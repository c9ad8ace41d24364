import { bpfProbe } from './bpftrace.js';

/** Requests as the served sockets see them, one at a time, and the sockets to others: probes/sockets.bt. */
export const socketsProbe = bpfProbe({
  id: 'sockets', weight: 'heavy', windows: ['sockets'], mapKeys: 16_384, keysPer: { thread: 4, connection: 2 },
  needs: ['sched', 'reads', 'sockets'], listening: true, compilesLong: true,
});
