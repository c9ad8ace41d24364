import type { StackFrame, StackProfile, WindowName } from '../types.js';

/** A moment on a stack: what a source saw, before it is cut to a window and folded. */
export interface StackSample {
  pid: number;
  tid: number;
  thread: string;
  /** Root first; the same object wherever the same stack stood, where the source can tell. */
  frames: readonly StackFrame[];
  /** It holds from here to there; equal where it stands for a point of time. */
  startNs: number;
  endNs: number;
  weightNs: number;
  /** How often; 1 where it is not said. */
  count?: number;
}

export interface Span { startNs: number; endNs: number }

/** All that one source saw of a run. */
export interface SampledStacks {
  source: StackProfile['source'];
  unit: StackProfile['unit'];
  window: WindowName | 'all';
  /** When it watched. */
  watched: Span;
  samples: readonly StackSample[];
}

/** Of a sample's weight, what lies within the spans. */
export function weightWithin({ startNs, endNs, weightNs }: StackSample, spans: readonly Span[]): number {
  if (endNs <= startNs) return spans.some((s) => startNs >= s.startNs && startNs < s.endNs) ? weightNs : 0;
  const insideNs = spans.reduce((ns, s) => ns + Math.max(0, Math.min(endNs, s.endNs) - Math.max(startNs, s.startNs)), 0);
  return weightNs * (insideNs / (endNs - startNs));
}
