import { NoData } from '../errors.js';
import { parseFailedPaths, type FailedPathsCapture } from '../parse/bpf-failed-paths.js';
import { parseLedger, type LedgerCapture } from '../parse/bpf-ledger.js';
import { parseOffCpu, type OffCpuCapture } from '../parse/bpf-off-cpu.js';
import { parseSched, type SchedCapture } from '../parse/bpf-sched.js';
import { parseSockets, type SocketsCapture } from '../parse/bpf-sockets.js';
import { parseSyscalls, type SyscallsCapture } from '../parse/bpf-syscalls.js';
import type { Fact, ProbeId, Run } from '../types.js';
import { artifactsOf, missing } from './artifacts.js';

/** One capture a phase: startup, and under load. */
export interface ByPhase<T> { startup: T | null; serving: T | null }

function phases<T>(run: Run, probe: ProbeId, parse: (text: string) => T | null): ByPhase<T> {
  const found: ByPhase<T> = { startup: null, serving: null };
  for (const artifact of artifactsOf(run, probe)) {
    found[artifact.window === 'startup' ? 'startup' : 'serving'] ??= parse(run.text(artifact));
  }
  if (!found.startup && !found.serving) throw missing(run, probe);
  return found;
}

function underLoad<T>(run: Run, probe: ProbeId, parse: (text: string) => T | null): T {
  const { serving } = phases(run, probe, parse);
  if (!serving) throw new NoData(`the ${probe} probe saw nothing under load`);
  return serving;
}

export const syscallsCaptureFact: Fact<ByPhase<SyscallsCapture>> = {
  name: 'syscalls-capture',
  compute: (run) => phases(run, 'syscalls', (text) => parseSyscalls(text, run.manifest.host.arch)),
};

export const failedPathsCaptureFact: Fact<ByPhase<FailedPathsCapture>> = {
  name: 'failed-paths-capture',
  compute: (run) => phases(run, 'failed-paths', (text) => parseFailedPaths(text, run.manifest.host.arch)),
};

export const schedCaptureFact: Fact<SchedCapture> = {
  name: 'sched-capture',
  compute: (run) => underLoad(run, 'sched', parseSched),
};

export const socketsCaptureFact: Fact<SocketsCapture> = {
  name: 'sockets-capture',
  compute: (run) => underLoad(run, 'sockets', parseSockets),
};

export const offCpuCaptureFact: Fact<OffCpuCapture> = {
  name: 'off-cpu-capture',
  compute: (run) => underLoad(run, 'off-cpu', (text) => parseOffCpu(text, run.manifest.host.arch)),
};

export const ledgerCaptureFact: Fact<LedgerCapture> = {
  name: 'ledger-capture',
  compute: (run) => underLoad(run, 'ledger', (text) => parseLedger(text, run.manifest.host.arch)),
};
