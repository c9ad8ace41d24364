import { NoData } from '../errors.js';
import { processDelta, threadDelta } from '../parse/proc-delta.js';
import type { ProcRecording } from '../parse/proc-ndjson.js';
import type { Fact } from '../types.js';
import { quietWindows } from './artifacts.js';
import { need } from './reader.js';
import { procRecordingFact } from './recordings.js';
import { requestsFact } from './requests.js';

/** How the rate (against the CPU it took) moved through the quiet windows. */
export interface RateTrend {
  /** cpu: requests for each second of CPU that the target used, so that others on the machine do not count; wall: requests a second. */
  per: 'cpu' | 'wall';
  /** Of each part, in order of time; the first and the last of them. */
  parts: number[];
  first: number;
  last: number;
  /** Of the steps from part to part, those that go up. */
  upShare: number;
  /** Of the whole climb, the largest step from part to part; across a pause, as much of it as such a time has. */
  largestStep: number;
  /** The same in three parts, each a mean over twice as many moments. */
  thirds: number[];
  /** Standard deviation around a straight line through the slices, of the mean. */
  noise: number;
  /** The second half climbs as well. */
  stillClimbing: boolean;
}

/** The quiet time is cut into so many parts: few enough that each is a mean over several slices. */
const PARTS = 6;
/** Slices below which a climb cannot be told from chance. */
const LEAST_SLICES = 8;
/** What is left over at a window's end may be too short for a rate. */
const LEAST_SLICE_NS = 100e6;
/** The generator hears of a window's edge this late, at most. */
const EDGE_NS = 10e6;
/** Of the processes' CPU: with less in living threads, others ended. */
const ENDED = 0.7;
/** From the middle to the end, of the whole climb: less, and it is over. */
const STILL = 0.2;

/** CPU of the target: of its living threads by the scheduler's clock, or where threads of one request each ended, of its processes by ticks. */
function cpuS(recording: ProcRecording, startNs: number, endNs: number): number {
  const isTarget = ({ role }: { role: string }): boolean => role === 'target';
  const living = threadDelta(recording, startNs, endNs).filter(isTarget).reduce((sum, t) => sum + t.runNs, 0);
  const all = processDelta(recording, startNs, endNs).filter(isTarget).reduce((sum, p) => sum + p.userNs + p.systemNs, 0);
  return (living < ENDED * all ? all : living) / 1e9;
}

export const rateTrendFact: Fact<RateTrend> = {
  name: 'rate-trend',
  compute(run, read) {
    const quiet = quietWindows(run);
    const recording = read(procRecordingFact);
    const slices = need(read(requestsFact)).slices
      .filter((s) => s.endNs - s.startNs >= LEAST_SLICE_NS && quiet.some((w) => s.startNs >= w.startNs - EDGE_NS && s.endNs <= w.endNs + EDGE_NS))
      .map((s) => {
        const wallS = (s.endNs - s.startNs) / 1e9;
        const usedS = recording.ok ? cpuS(recording.value, s.startNs, s.endNs) : wallS;
        return { tS: (s.startNs + s.endNs) / 2e9, rps: usedS > 0 ? (s.rps * wallS) / usedS : 0 };
      });
    if (slices.length < LEAST_SLICES) throw new NoData('too few moments without heavy probes to see how the rate moves', 'measure longer (-d)');
    const groups = Array.from({ length: PARTS }, (_, i) => slices.slice(Math.floor((i * slices.length) / PARTS), Math.floor(((i + 1) * slices.length) / PARTS)));
    const parts = groups.map((of) => mean(of.map((s) => s.rps)));
    const middles = groups.map((of) => mean(of.map((s) => s.tS)));
    const gaps = middles.slice(1).map((t, i) => t - (middles[i] ?? t));
    const usualGap = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
    const steps = parts.slice(1).map((rps, i) => rps - (parts[i] ?? rps));
    const [first = 0, last = 0] = [parts[0], parts.at(-1)];
    const middle = parts[PARTS / 2] ?? last;
    return {
      per: recording.ok ? 'cpu' : 'wall',
      parts, first, last,
      upShare: steps.filter((step) => step > 0).length / steps.length,
      largestStep: last > first ? Math.max(...steps.map((step, i) => step * Math.min(1, usualGap / (gaps[i] || usualGap || 1)))) / (last - first) : 0,
      thirds: [0, 2, 4].map((i) => mean(groups.slice(i, i + 2).flat().map((s) => s.rps))),
      noise: noiseOf(slices),
      stillClimbing: last - middle >= STILL * (last - first),
    };
  },
};

/** Around the line of least squares, so that the climb itself is none. */
function noiseOf(slices: readonly { tS: number; rps: number }[]): number {
  const [t, r] = [mean(slices.map((s) => s.tS)), mean(slices.map((s) => s.rps))];
  const spread = slices.reduce((sum, s) => sum + (s.tS - t) ** 2, 0);
  const slope = spread > 0 ? slices.reduce((sum, s) => sum + (s.tS - t) * (s.rps - r), 0) / spread : 0;
  const left = mean(slices.map((s) => (s.rps - r - slope * (s.tS - t)) ** 2));
  return r > 0 ? Math.sqrt(left) / r : 0;
}

const mean = (values: readonly number[]): number => (values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length);
