import { NoData, usageError } from '../errors.js';
import type { Fact, FactReader, Run, StackProfile, StackSelection, WindowName } from '../types.js';
import { windowsOf } from './artifacts.js';
import { eventLoopFact } from './event-loop.js';
import { groupBy } from './group-by.js';
import { offCpuStacksFact, procWaitStacksFact } from './off-cpu-stacks.js';
import { perfStacksFact } from './perf-stacks.js';
import { pythonStacksFact } from './python-stacks.js';
import { need } from './reader.js';
import { mergedThread, stackProfile, type StackCut } from './stack-profile.js';
import type { SampledStacks, Span } from './stack-samples.js';
import { v8BusyStacksFact, v8StacksFact, v8WallStacksFact } from './v8-stacks.js';

/** The stacks that were asked for. Throws NoData where the run holds none, and a usage error where it has no such thread. */
export function selectStacks(run: Run, read: FactReader, asked: StackSelection): StackProfile {
  for (const fact of sourcesOf(asked)) {
    const sampled = read(fact);
    if (!sampled.ok || (asked.source !== null && sampled.value.source !== asked.source)) continue;
    const profile = stackProfile(sampled.value, cutOf(run, read, sampled.value, asked), read);
    if (profile.stacks.length > 0) return profile;
  }
  throw new NoData(lacking(read, asked));
}

/** Best first. What stood still counts as well where people waited for it. */
function sourcesOf({ kind, idle }: StackSelection): readonly Fact<SampledStacks>[] {
  if (kind === 'off-cpu') return [offCpuStacksFact, procWaitStacksFact];
  const v8 = idle ? v8WallStacksFact : kind === 'stalls' ? v8BusyStacksFact : v8StacksFact;
  return [v8, pythonStacksFact, perfStacksFact];
}

function cutOf(run: Run, read: FactReader, { samples, window, watched }: SampledStacks, asked: StackSelection): StackCut {
  const spans = asked.phase === null ? [watched] : within(watched, windowsOf(run, asked.phase));
  const chosen = asked.thread === null ? null : threadsCalled(asked.thread, samples);
  const stalls = asked.kind === 'stalls' ? stallsOf(read, spans) : null;
  return {
    window: asked.phase ?? window,
    watched: spans,
    spansOf: (tid) => (chosen && !chosen.has(tid) ? null : stalls ? stalls.get(tid) ?? null : spans),
    merge: asked.merge ? mergedThread(run.manifest.target.pid) : null,
  };
}

const within = (outer: Span, spans: readonly Span[]): Span[] => spans
  .map((s) => ({ startNs: Math.max(s.startNs, outer.startNs), endNs: Math.min(s.endNs, outer.endNs) }))
  .filter((s) => s.endNs > s.startNs);

function threadsCalled(asked: string, samples: SampledStacks['samples']): Set<number> {
  const names = new Map(samples.map((s) => [s.tid, s.thread]));
  const found = [...names].filter(([tid, name]) => String(tid) === asked || name === asked).map(([tid]) => tid);
  if (found.length === 0) {
    const some = [...names].slice(0, 10).map(([tid, name]) => `${String(tid)} (${name})`).join(', ');
    throw usageError(`--thread "${asked}" is not in these stacks; there are ${some}${names.size > 10 ? ' and more' : ''}`);
  }
  return new Set(found);
}

/** Long ticks by thread. */
function stallsOf(read: FactReader, spans: readonly Span[]): Map<number, Span[]> {
  const { longTicks, thresholdMs } = need(read(eventLoopFact));
  const inside = longTicks.flatMap((t) => within({ startNs: t.startNs, endNs: t.startNs + t.lengthNs }, spans).map((s) => ({ ...s, tid: t.tid })));
  if (inside.length === 0) throw new NoData(`no turn of an event loop was longer than ${String(thresholdMs)} ms while stacks were sampled`);
  return groupBy(inside, (s) => s.tid);
}

const noneIn = (phase: WindowName | null): string => (phase === null ? 'this run holds no stacks' : `no stack was sampled in the ${phase} window`);

/** Why there is nothing: what each source says. */
function lacking(read: FactReader, asked: StackSelection): string {
  if (asked.kind === 'stalls') need(read(eventLoopFact));
  const whys = sourcesOf(asked).map((fact) => read(fact)).flatMap((g) => (g.ok ? [] : [g.reason]));
  return whys.length === 0 ? noneIn(asked.phase) : `${noneIn(asked.phase)}: ${[...new Set(whys)].join('; ')}`;
}
