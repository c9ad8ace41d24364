import { NoData } from '../../errors.js';
import { machineDelta, processDelta, threadDelta } from '../../parse/proc-delta.js';
import type { ProcRecording } from '../../parse/proc-ndjson.js';
import type { FactReader, Run, TimelineSeries } from '../../types.js';
import { need } from '../reader.js';
import { nodeRecordsFact, procRecordingFact } from '../recordings.js';
import { servingPids } from './serving.js';

type Points = TimelineSeries['points'];
/** Null: not told in this slice. */
type Figure = (recording: ProcRecording, startNs: number, endNs: number) => number | null;

function points(recording: ProcRecording, figure: Figure): Points {
  const { slices } = recording;
  return slices.slice(1).flatMap(({ tNs: endNs }, i) => {
    const startNs = slices[i]?.tNs ?? endNs;
    const value = endNs > startNs ? figure(recording, startNs, endNs) : null;
    return value === null ? [] : [{ startNs, endNs, value }];
  });
}

/** A clock tick of /proc that may fall on either side of a look, at both ends. */
const UNSURE_TICKS = 2;

/** Cores used by one side. By the scheduler's clock, thread by thread; by ticks where threads ended and took theirs along. */
const coresOf = (role: 'target' | 'generator'): Figure => (recording, startNs, endNs) => {
  const threads = threadDelta(recording, startNs, endNs).filter((t) => t.role === role);
  const processes = processDelta(recording, startNs, endNs).filter((p) => p.role === role);
  if (threads.length + processes.length === 0) return null;
  const [byThread, byProcess] = [threads.reduce((ns, t) => ns + t.runNs, 0), processes.reduce((ns, p) => ns + p.userNs + p.systemNs, 0)];
  const unsureNs = (UNSURE_TICKS / recording.header.clockTicksHz) * 1e9;
  return (byProcess > byThread + unsureNs ? byProcess : byThread) / (endNs - startNs);
};

export function cpu(_run: Run, read: FactReader): TimelineSeries[] {
  const recording = need(read(procRecordingFact));
  const of = (label: string, figure: Figure): TimelineSeries => ({ chart: 'cpu', unit: 'cores', kind: 'slices', label, points: points(recording, figure) });
  return drawn([
    of('server', coresOf('target')), of('load generator', coresOf('generator')),
    of(`all of the machine (${recording.header.cpus} cores)`, (_, startNs, endNs) => {
      const machine = machineDelta(recording, startNs, endNs);
      return machine && Math.max(0, recording.header.cpus - machine.idleCores);
    }),
  ]);
}

/** Threads of the server that could run and waited for a CPU, on average. */
export function runQueue(_run: Run, read: FactReader): TimelineSeries[] {
  const recording = need(read(procRecordingFact));
  const waiting = points(recording, (_, startNs, endNs) => {
    const told = threadDelta(recording, startNs, endNs).flatMap((t) => (t.role === 'target' ? t.queueNs ?? [] : []));
    return told.length === 0 ? null : told.reduce((a, b) => a + b, 0) / (endNs - startNs);
  });
  return drawn([{ chart: 'run-queue', unit: 'threads', kind: 'slices', label: 'threads of the server that wait for a CPU', points: waiting }]);
}

/** Memory of the server's processes, and the heap of those that serve and tell it. */
export function memory(_run: Run, read: FactReader): TimelineSeries[] {
  const recording = need(read(procRecordingFact));
  const resident = points(recording, (_, startNs, endNs) => {
    const target = processDelta(recording, startNs, endNs).filter((p) => p.role === 'target' && Number.isFinite(p.rssBytes));
    return target.length === 0 ? null : target.reduce((bytes, p) => bytes + p.rssBytes, 0) / 1e6;
  });
  const records = read(nodeRecordsFact);
  const pids = servingPids(read);
  const heaps = (records.ok ? records.value : []).filter(({ meta }) => meta && (!pids || pids.has(meta.pid)));
  const [heap] = heaps.toSorted((a, b) => (b.slices.at(-1)?.heapUsed ?? 0) - (a.slices.at(-1)?.heapUsed ?? 0));
  return drawn([
    { chart: 'memory', unit: 'MB', kind: 'slices', label: 'resident', points: resident },
    ...(heap ? [{
      chart: 'memory', unit: 'MB', kind: 'slices', label: heaps.length === 1 ? 'heap in use' : 'largest heap in use',
      points: heap.slices.map((s) => ({ startNs: s.startNs, endNs: s.endNs, value: s.heapUsed / 1e6 })),
    } satisfies TimelineSeries] : []),
  ]);
}

function drawn(series: TimelineSeries[]): TimelineSeries[] {
  const some = series.filter((s) => s.points.length > 0);
  if (some.length === 0) throw new NoData('/proc did not tell it over time');
  return some;
}
