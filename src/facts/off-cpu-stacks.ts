import { NoData } from '../errors.js';
import type { Sleep } from '../parse/bpf-off-cpu.js';
import { kernelEntry } from '../parse/perf-kernel.js';
import { mappedName } from '../parse/perf-map-name.js';
import type { Fact, StackFrame, ThreadWait } from '../types.js';
import { quietWindows } from './artifacts.js';
import { offCpuCaptureFact } from './captures.js';
import { need } from './reader.js';
import type { SampledStacks, StackSample } from './stack-samples.js';
import { threadNames } from './stack-threads.js';
import { threadsFact } from './threads.js';

/** With which stacks threads slept, as the kernel saw it. */
export const offCpuStacksFact: Fact<SampledStacks> = {
  name: 'off-cpu-stacks',
  compute(run, read) {
    const { openNs, closeNs, sleeps, comms } = need(read(offCpuCaptureFact));
    if (sleeps.length === 0) throw new NoData('no thread of the target slept while it was watched');
    const nameOf = threadNames(run, read);
    return {
      source: 'ebpf', unit: 'off-cpu', window: 'off-cpu', watched: { startNs: openNs, endNs: closeNs },
      samples: sleeps.map((s): StackSample => ({
        pid: s.pid, tid: s.tid, thread: nameOf(s.pid, s.tid, comms.get(s.tid)), frames: framesOf(s), startNs: openNs, endNs: closeNs, weightNs: s.ns, count: s.count,
      })),
    };
  },
};

const plain = (name: string, kind: StackFrame['kind']): StackFrame => ({ name, kind, file: null, line: null });

/** Root first, with a frame for the call that it slept in, as on the CPU. */
function framesOf({ kernel, user, syscall, waits }: Sleep): StackFrame[] {
  if (waits) return [plain('(waiting for a CPU after waking)', 'idle')];
  const entry = kernelEntry(kernel.map((name) => ({ name, dso: '[kernel.kallsyms]', kind: 'kernel' as const })));
  const call = syscall ?? (entry?.kind === 'syscall' ? entry.name : null);
  const users = user.filter((name, i) => !(name === '[unknown]' && user[i + 1] === '[unknown]')).map((name): StackFrame => mappedName(name) ?? plain(name, 'native'));
  return [...users.reverse(), ...(call === null ? [] : [plain(call, 'syscall')]), ...kernel.map((name) => plain(name, 'kernel')).reverse()];
}

/** Without the probe: where /proc found threads asleep (100 looks a second), the call and what it waited for. */
export const procWaitStacksFact: Fact<SampledStacks> = {
  name: 'proc-wait-stacks',
  compute(run, read) {
    const { threads, durationS } = need(read(threadsFact));
    const quiet = quietWindows(run);
    const watched = { startNs: Math.min(...quiet.map((w) => w.startNs)), endNs: Math.max(...quiet.map((w) => w.endNs)) };
    const wallNs = durationS * 1e9;
    const samples = threads.flatMap(({ pid, tid, name, waits }) => waits.filter((w) => w.in !== 'running' && w.share > 0)
      .map((w): StackSample => ({ pid, tid, thread: name, frames: waitFrames(w), startNs: watched.startNs, endNs: watched.endNs, weightNs: w.share * wallNs })));
    if (samples.length === 0) throw new NoData('/proc found no thread of the target asleep');
    return { source: 'proc', unit: 'off-cpu', window: 'clean', watched, samples };
  },
};

function waitFrames({ in: call, on, fd }: ThreadWait): StackFrame[] {
  const target = on ? [on.kind, on.name].filter((text, i, all) => text !== '' && all.indexOf(text) === i).join(' ') : fd === null ? null : `descriptor ${String(fd)}`;
  return [plain(call, 'syscall'), ...(target === null ? [] : [plain(target, 'kernel')])];
}
