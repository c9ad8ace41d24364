/**
 * What a CPU profile (cpuprofile.ts) says about a stretch of time: which functions had the thread, and which call
 * filled a stall. Every sample counts with its length, cut to the stretch.
 */
import type { Frame } from '../types.js';
import type { CpuProfile, ProfileNode } from './cpuprofile.js';
import { OWN_PACKAGE } from './frame.js';

export interface FunctionTime {
  frame: Frame;
  selfNs: number;
  /** With what it called; a recursive function counts once. */
  totalNs: number;
  selfSamples: number;
  /** The line in it that was sampled most (over the whole profile); null for native code. */
  hotLine: number | null;
  /** From its direct caller outwards, along the path that took most of its self time. */
  callers: Frame[];
}

export interface ProfileTimes {
  wallNs: number;
  /** In the event wait. */
  idleNs: number;
  gcNs: number;
  /** Native code with no JavaScript below it: sockets, the file system, the compiler. */
  programNs: number;
  /** whyslow's own preload: left out of `onCpuNs` and of the functions. */
  ownNs: number;
  /** wall - idle - own; what shares are taken of. */
  onCpuNs: number;
  samples: number;
  /** By self time, largest first; (program) and (garbage collector) among them, (idle) not. */
  functions: FunctionTime[];
}

export interface StackTime {
  /** Samples that touch the stretch. */
  samples: number;
  /** Of the stretch, how much lies inside the profile. */
  coveredNs: number;
  idleNs: number;
  gcNs: number;
  programNs: number;
  /** Of the covered time; GC counts to the call that it interrupted. */
  busyNs: number;
  /** The path most travelled, innermost call first; share of `busyNs` spent in the call and below it. */
  stack: { frame: Frame; share: number }[];
  /** The innermost call of the app or a dependency that fills a good part of the stretch; null where none does. */
  culprit: Frame | null;
}

/** A call that has less of a stall than this did not cause it alone: its caller is named. Below a half, since V8 loses frames in builtins. */
const CULPRIT_SHARE = 0.4;

interface Piece { node: number; ns: number }

function* piecesIn({ samples }: CpuProfile, startNs: number, endNs: number): Generator<Piece> {
  for (const sample of samples) {
    if (sample.startNs >= endNs) return;
    const ns = Math.min(sample.endNs, endNs) - Math.max(sample.startNs, startNs);
    if (ns > 0) yield { node: sample.node, ns };
  }
}

/** Nodes from `index` to the root's child; the root is no call. */
function* pathUp(nodes: readonly ProfileNode[], index: number): Generator<[number, ProfileNode]> {
  for (let at = index, node = nodes[at]; node !== undefined && node.parent >= 0; at = node.parent, node = nodes[at]) yield [at, node];
}

const isIdle = ({ name, file }: Frame): boolean => file === null && name === '(idle)';
const isProgram = ({ name, file }: Frame): boolean => file === null && (name === '(program)' || name === '(root)');

/** Functions by self time over `startNs`..`endNs`, by default the whole profile. */
export function functionTimes(profile: CpuProfile, startNs = profile.startNs, endNs = profile.endNs): ProfileTimes {
  const { nodes } = profile;
  const times: ProfileTimes = { wallNs: 0, idleNs: 0, gcNs: 0, programNs: 0, ownNs: 0, onCpuNs: 0, samples: 0, functions: [] };
  const functions = new Map<string, FunctionTime & { selfByNode: Map<number, number> }>();
  const entry = ({ functionKey, frame }: ProfileNode) => {
    let found = functions.get(functionKey);
    if (!found) functions.set(functionKey, (found = { frame, selfNs: 0, totalNs: 0, selfSamples: 0, hotLine: null, callers: [], selfByNode: new Map() }));
    return found;
  };

  for (const { node, ns } of piecesIn(profile, startNs, endNs)) {
    const leaf = nodes[node];
    if (leaf === undefined) continue;
    times.samples += 1;
    times.wallNs += ns;
    if (isIdle(leaf.frame)) { times.idleNs += ns; continue; }
    const path = [...pathUp(nodes, node)];
    if (path.some(([, { frame }]) => frame.package === OWN_PACKAGE)) { times.ownNs += ns; continue; }
    if (leaf.frame.kind === 'gc') times.gcNs += ns;
    if (isProgram(leaf.frame)) times.programNs += ns;
    const self = entry(leaf);
    self.selfNs += ns;
    self.selfSamples += 1;
    self.selfByNode.set(node, (self.selfByNode.get(node) ?? 0) + ns);
    const counted = new Set<string>();
    for (const [, caller] of path) {
      if (counted.has(caller.functionKey)) continue;
      counted.add(caller.functionKey);
      entry(caller).totalNs += ns;
    }
  }
  times.onCpuNs = times.wallNs - times.idleNs - times.ownNs;
  const lines = hotLines(nodes);
  times.functions = [...functions].map(([key, { selfByNode, ...found }]) => {
    const [heaviest] = [...selfByNode].sort((a, b) => b[1] - a[1])[0] ?? [];
    const callers = heaviest === undefined ? [] : [...pathUp(nodes, heaviest)].slice(1).map(([, { frame }]) => frame);
    return { ...found, hotLine: lines.get(key) ?? null, callers };
  }).sort((a, b) => b.selfNs - a.selfNs || b.totalNs - a.totalNs);
  return times;
}

function hotLines(nodes: readonly ProfileNode[]): Map<string, number> {
  const ticksByLine = new Map<string, Map<number, number>>();
  for (const { functionKey, lineTicks } of nodes) {
    let counts = ticksByLine.get(functionKey);
    if (!counts) ticksByLine.set(functionKey, (counts = new Map()));
    for (const { line, ticks } of lineTicks) counts.set(line, (counts.get(line) ?? 0) + ticks);
  }
  return new Map([...ticksByLine].flatMap(([key, counts]) => {
    const [line] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
    return line === undefined ? [] : [[key, line] as const];
  }));
}

/** What had the thread from `startNs` to `endNs`: for naming the function inside a stall. */
export function samplesIn(profile: CpuProfile, startNs: number, endNs: number): StackTime {
  const { nodes } = profile;
  const coveredNs = Math.max(0, Math.min(endNs, profile.endNs) - Math.max(startNs, profile.startNs));
  const times: StackTime = { samples: 0, coveredNs, idleNs: 0, gcNs: 0, programNs: 0, busyNs: 0, stack: [], culprit: null };
  const totals = new Map<number, number>();
  let interrupted: number | null = null;
  for (const { node, ns } of piecesIn(profile, startNs, endNs)) {
    const frame = nodes[node]?.frame;
    if (frame === undefined) continue;
    times.samples += 1;
    if (isIdle(frame)) { times.idleNs += ns; interrupted = null; continue; }
    times.busyNs += ns;
    if (isProgram(frame)) times.programNs += ns;
    if (frame.kind === 'gc') times.gcNs += ns;
    // V8 hangs the collector below the root; whoever ran before it is who waits for it.
    else interrupted = node;
    const at = frame.kind === 'gc' && interrupted !== null ? interrupted : node;
    for (const [index] of pathUp(nodes, at)) totals.set(index, (totals.get(index) ?? 0) + ns);
  }
  times.stack = heaviestPath(nodes, totals).map(({ frame, ns }) => ({ frame, share: ns / times.busyNs }));
  times.culprit = times.stack.find(({ frame, share }) => share >= CULPRIT_SHARE && (frame.origin === 'app' || frame.origin === 'dependency'))?.frame ?? null;
  return times;
}

/** From the root always into the heaviest call, as long as it outweighs what the caller did itself. Innermost first. */
function heaviestPath(nodes: readonly ProfileNode[], totals: ReadonlyMap<number, number>): { frame: Frame; ns: number }[] {
  const children = new Map<number, number[]>();
  for (const index of totals.keys()) {
    const parent = nodes[index]?.parent ?? -1;
    const siblings = children.get(parent);
    if (siblings) siblings.push(index);
    else children.set(parent, [index]);
  }
  const path: { frame: Frame; ns: number }[] = [];
  let at = nodes.findIndex(({ parent }, index) => parent < 0 && children.has(index));
  let leftNs = Infinity;
  for (;;) {
    const called = children.get(at) ?? [];
    const weights = called.map((index) => ({ index, ns: totals.get(index) ?? 0 })).sort((a, b) => b.ns - a.ns);
    const heaviest = weights[0];
    const node = heaviest && nodes[heaviest.index];
    if (!heaviest || !node) break;
    const selfNs = leftNs === Infinity ? 0 : leftNs - weights.reduce((sum, { ns }) => sum + ns, 0);
    const isInlined = hasNoLineOfItsOwn(nodes[at]) && node.frame.file !== null && selfNs < MOST_UNPLACED * leftNs;
    if (selfNs > heaviest.ns && !isInlined) break;
    const ns = heaviest.ns + (isInlined ? selfNs : 0);
    path.unshift({ frame: node.frame, ns });
    at = heaviest.index;
    leftNs = ns;
  }
  return path;
}

/** More than this without a line, and the few samples in a callee say nothing of the rest. */
const MOST_UNPLACED = 0.9;

/** Where V8 cannot place a sample in what it inlined, it gives it to the outer function, at the line of its declaration. */
const hasNoLineOfItsOwn = (node: ProfileNode | undefined): boolean =>
  node !== undefined && node.lineTicks.length > 0 && node.lineTicks.every(({ line }) => line === node.frame.line);
