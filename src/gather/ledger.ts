import { bpfProbe } from './bpftrace.js';

/**
 * Where each thread's wall time goes, without overlap: probes/ledger.bt. Its maps are large at once: it is compiled before the
 * load, when nobody knows yet that each request will make a thread or a process, with some 30 keys each.
 */
export const ledgerProbe = bpfProbe({
  id: 'ledger', weight: 'heavy', windows: ['ledger'], mapKeys: 16384,
  needs: ['syscalls', 'sched'], standings: true,
});
