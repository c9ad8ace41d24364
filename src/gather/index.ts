import type { Probe } from './probe.js';
import { cpuprofileProbe } from './cpuprofile.js';
import { failedPathsProbe } from './failed-paths.js';
import { ledgerProbe } from './ledger.js';
import { nodeProbe } from './node.js';
import { offCpuProbe } from './off-cpu.js';
import { perfProbe } from './perf.js';
import { procProbe } from './proc.js';
import { pythonProbe } from './python.js';
import { pythonProfileProbe } from './python-profile.js';
import { schedProbe } from './sched.js';
import { socketsProbe } from './sockets.js';
import { ssProbe } from './ss.js';
import { straceProbe } from './strace.js';
import { syscallsProbe } from './syscalls.js';

/** Every probe there is. */
export const PROBES: readonly Probe[] = [
  procProbe, nodeProbe, pythonProbe, schedProbe, perfProbe, ssProbe,
  syscallsProbe, socketsProbe, failedPathsProbe, ledgerProbe, cpuprofileProbe, pythonProfileProbe, offCpuProbe, straceProbe,
];
