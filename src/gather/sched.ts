import { bpfProbe } from './bpftrace.js';

/** On and off the CPU by thread, requests read, and stalls; stays on: probes/sched.bt. */
export const schedProbe = bpfProbe({
  id: 'sched', weight: 'light', windows: ['all'], mapKeys: 8192,
  needs: ['sched'], wants: ['reads'],
});
