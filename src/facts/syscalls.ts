import { mergeHists, quantileNs } from '../parse/bpf-hist.js';
import type { SyscallsCapture, SyscallStat } from '../parse/bpf-syscalls.js';
import { errnoName } from '../parse/errno-names.js';
import type { Fact, FactReader, SyscallsFact, SyscallUse } from '../types.js';
import { syscallsCaptureFact } from './captures.js';
import { groupBy } from './group-by.js';
import { need } from './reader.js';
import { requestsBetween, requestsFact } from './requests.js';
import { straceCallsFact, straceSyscalls } from './strace-calls.js';

/** System calls by phase, all processes of the target together; those that took most time first. */
export const syscallsFact: Fact<SyscallsFact> = {
  name: 'syscalls',
  compute(_run, read) {
    const capture = read(syscallsCaptureFact);
    if (!capture.ok) {
      const strace = read(straceCallsFact);
      return strace.ok ? { source: 'strace', calls: straceSyscalls(strace.value, read) } : need(capture);
    }
    const { startup, serving } = capture.value;
    return {
      source: 'ebpf',
      calls: [
        ...startup ? usesOf(startup, 'startup', null) : [],
        ...serving ? usesOf(serving, 'serving', requestsDuring(serving, read)) : [],
      ],
    };
  },
};

/** Requests that completed while a probe's gate was open; null where none was counted. */
export function requestsDuring({ openNs, closeNs }: { openNs: number; closeNs: number }, read: FactReader): number | null {
  const requests = read(requestsFact);
  return (requests.ok && requestsBetween(requests.value, openNs, closeNs)) || null;
}

function usesOf({ totals }: SyscallsCapture, phase: SyscallUse['phase'], requests: number | null): SyscallUse[] {
  return [...groupBy(totals.calls, (c) => c.name)].map(([name, of]) => useOf(name, of, phase, requests)).sort((a, b) => b.timeNs - a.timeNs);
}

function useOf(name: string, of: readonly SyscallStat[], phase: SyscallUse['phase'], requests: number | null): SyscallUse {
  const calls = of.reduce((sum, c) => sum + c.calls, 0);
  const hist = mergeHists(of.map((c) => c.hist));
  const known = of.map((c) => c.maxNs).filter((ns) => ns !== null);
  const errors: Record<string, number> = {};
  for (const { errno, calls: n } of of.flatMap((c) => c.errors)) errors[errnoName(errno)] = (errors[errnoName(errno)] ?? 0) + n;
  return {
    name, phase, calls, perRequest: requests === null ? null : calls / requests, errors,
    timeNs: of.reduce((sum, c) => sum + c.ns, 0),
    p50Ns: quantileNs(hist, 0.5), p99Ns: quantileNs(hist, 0.99),
    // Exact from 1 ms up; below, the upper edge of its bucket.
    maxNs: known.length > 0 ? Math.max(...known) : hist.buckets.at(-1)?.highNs ?? null,
  };
}
