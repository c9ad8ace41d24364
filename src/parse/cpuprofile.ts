/**
 * Reads a V8 CPU profile: the tree of calls and one sample about every millisecond.
 *
 * Format: `Profiler.Profile` of the Chrome DevTools Protocol,
 * https://chromedevtools.github.io/devtools-protocol/v8/Profiler/#type-Profile
 * (V8: src/profiler/profile-generator.cc, src/inspector/v8-profiler-agent-impl.cc), plus our key `whyslow`.
 *
 *   {"whyslow":{"pid":9100,"tid":9100,"preload":"/x/preload.cjs","inlining":false,
 *    "beforeNs":2092411805348,"afterNs":2092418007514},
 *    "startTime":2092411842,"endTime":2092818482,                                      us
 *    "nodes":[{"id":1,"callFrame":{"functionName":"(root)",...},"hitCount":0,"children":[2,3]},...
 *             {"id":7,"callFrame":{...},"positionTicks":[{"line":12,"ticks":31}]}],
 *    "samples":[2,2,7,7,3],                       node on top, by id
 *    "timeDeltas":[6059,2164,1290,1194,1099]}     us since the sample before; the first since startTime
 *
 *   startTime ..d0.. s0 ..d1.. s1 ..d2.. s2 ... endTime
 *                    |== s0 ==||== s1 ==|                  a sample holds until the next one
 */
import { NoData } from '../errors.js';
import type { Frame } from '../types.js';
import { frameOf, type CallFrame } from './frame.js';
import type { Sources } from './source-places.js';

export interface ProfileNode {
  frame: Frame;
  /** Index into `nodes`; -1 for the root. */
  parent: number;
  /** Nodes of one function, wherever it was called from, share this. */
  functionKey: string;
  /** Sampled ticks by line (1-based) in this function. */
  lineTicks: { line: number; ticks: number }[];
}

export interface CpuProfile {
  pid: number | null;
  tid: number | null;
  /** V8 gives samples in inlined functions to the one they were inlined into; false = it was kept from inlining. */
  inlining: boolean;
  /** CLOCK_MONOTONIC. */
  startNs: number;
  endNs: number;
  nodes: ProfileNode[];
  /** In order of time; `node` is an index into `nodes`. Sample i lasts from `startNs` to `endNs`. */
  samples: { startNs: number; endNs: number; node: number }[];
}

interface RawNode { id: number; callFrame: CallFrame; children?: number[]; parent?: number; positionTicks?: { line: number; ticks: number }[] }
interface RawProfile {
  whyslow?: { pid?: number; tid?: number; preload?: string; inlining?: boolean; beforeNs?: number; afterNs?: number };
  startTime: number;
  endTime: number;
  nodes: RawNode[];
  samples: number[];
  timeDeltas: number[];
}

/** Throws NoData for what is no whole profile. */
export function parseCpuProfile(text: string, sources: Sources = (frame) => frame): CpuProfile {
  const raw = readRaw(text);
  const offsetNs = clockOffsetNs(raw);
  const indexOf = new Map(raw.nodes.map(({ id }, index) => [id, index]));
  const nodes = raw.nodes.map(({ callFrame, positionTicks }): ProfileNode => ({
    frame: frameOf(sources(callFrame), raw.whyslow?.preload ?? null),
    parent: -1,
    functionKey: `${callFrame.functionName}\n${callFrame.url}\n${callFrame.lineNumber}:${callFrame.columnNumber}`,
    // Ticks have lines of the script, without columns: no map can tell whose.
    lineTicks: sources(callFrame) === callFrame ? positionTicks ?? [] : [],
  }));
  for (const [index, { children, parent }] of raw.nodes.entries()) {
    for (const id of children ?? []) setParent(nodes, indexOf.get(id), index);
    if (parent !== undefined) setParent(nodes, index, indexOf.get(parent));
  }
  assertTree(nodes);
  return {
    pid: raw.whyslow?.pid ?? null,
    tid: raw.whyslow?.tid ?? null,
    inlining: raw.whyslow?.inlining ?? true,
    startNs: raw.startTime * 1e3 + offsetNs,
    endNs: raw.endTime * 1e3 + offsetNs,
    nodes,
    samples: timeline(raw, indexOf, offsetNs),
  };
}

function readRaw(text: string): RawProfile {
  let value: Partial<RawProfile> | null;
  try {
    value = JSON.parse(text) as Partial<RawProfile> | null;
  } catch {
    throw new NoData('the CPU profile is no JSON: it was cut off');
  }
  const { nodes, samples, timeDeltas, startTime, endTime } = value ?? {};
  const whole = Array.isArray(nodes) && Array.isArray(samples) && Array.isArray(timeDeltas) && timeDeltas.length === samples.length
    && Number.isFinite(startTime) && Number.isFinite(endTime)
    && samples.every(Number.isInteger) && timeDeltas.every(Number.isFinite) && nodes.every(isNode);
  if (!whole) throw new NoData('the CPU profile lacks nodes, samples or times');
  return value as RawProfile;
}

const isNode = (node: unknown): boolean => {
  const { id, callFrame, children, positionTicks } = (node ?? {}) as Partial<RawNode>;
  return Number.isInteger(id) && typeof callFrame?.functionName === 'string' && typeof callFrame.url === 'string'
    && Number.isInteger(callFrame.lineNumber) && (children === undefined || Array.isArray(children))
    && (positionTicks === undefined || Array.isArray(positionTicks));
};

/** V8's clock on Linux is CLOCK_MONOTONIC in us: then `startTime` lies between our two readings and nothing is shifted. */
function clockOffsetNs({ whyslow, startTime }: RawProfile): number {
  const { beforeNs, afterNs } = whyslow ?? {};
  if (typeof beforeNs !== 'number' || typeof afterNs !== 'number') return 0;
  const startNs = startTime * 1e3;
  const slackNs = 1e6;
  return startNs >= beforeNs - slackNs && startNs <= afterNs + slackNs ? 0 : beforeNs - startNs;
}

function setParent(nodes: ProfileNode[], child: number | undefined, parent: number | undefined): void {
  const node = child === undefined ? undefined : nodes[child];
  if (node !== undefined && parent !== undefined && parent !== child) node.parent = parent;
}

/** A hostile file could close a ring; every walk to the root must end. */
function assertTree(nodes: readonly ProfileNode[]): void {
  const safe = new Uint8Array(nodes.length);
  for (let i = 0; i < nodes.length; i += 1) {
    const path: number[] = [];
    const onPath = new Set<number>();
    for (let at = i; at >= 0 && safe[at] !== 1; at = nodes[at]?.parent ?? -1) {
      if (onPath.has(at)) throw new NoData('the CPU profile has a call that is its own caller');
      onPath.add(at);
      path.push(at);
    }
    for (const at of path) safe[at] = 1;
  }
}

function timeline(raw: RawProfile, indexOf: ReadonlyMap<number, number>, offsetNs: number): CpuProfile['samples'] {
  const samples: CpuProfile['samples'] = [];
  let atUs = raw.startTime;
  for (const [i, id] of raw.samples.entries()) {
    atUs += raw.timeDeltas[i] ?? 0;
    const node = indexOf.get(id);
    if (node !== undefined) samples.push({ startNs: atUs * 1e3 + offsetNs, endNs: 0, node });
  }
  // V8 delivers now and then a sample late: its delta is negative.
  samples.sort((a, b) => a.startNs - b.startNs);
  const lastNs = raw.endTime * 1e3 + offsetNs;
  for (const [i, sample] of samples.entries()) sample.endNs = Math.max(sample.startNs, samples[i + 1]?.startNs ?? lastNs);
  return samples;
}
