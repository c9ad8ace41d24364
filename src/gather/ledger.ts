import { bpfProbe } from './bpftrace.js';

/** Where each thread's wall time goes, without overlap: probes/ledger.bt. */
export const ledgerProbe = bpfProbe({
  id: 'ledger', weight: 'heavy', windows: ['ledger'], mapKeys: 8192, keysPer: { thread: 32, connection: 0 },
  needs: ['syscalls', 'sched'], standings: true,
});
