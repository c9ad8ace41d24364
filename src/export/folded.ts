/**
 * Folded stacks: a line a stack, frames from the root parted by semicolons, a blank, the weight in microseconds.
 * Read by flamegraph.pl and inferno (`--countname us`), speedscope, and most that draw flame graphs. The endings are
 * theirs: `_[k]` kernel, `_[j]` compiled at run time, `_[i]` inlined.
 * https://github.com/brendangregg/FlameGraph/blob/master/stackcollapse-perf.pl
 *
 *   node 31186;processTimers node:internal/timers:504_[j];turn /app/lib/board.js:12_[j] 612000
 *   node 31186;uv__io_poll (node);writev_[k];do_writev_[k];tcp_sendmsg_[k] 10309
 */
import type { StackFrame, StackProfile } from '../types.js';
import { frameLabel, threadLabel } from './frame-text.js';

const ENDINGS: Record<StackFrame['kind'], string> = { js: '_[j]', kernel: '_[k]', syscall: '_[k]', python: '', native: '', gc: '', idle: '' };

export function folded({ stacks }: StackProfile): string {
  const known = new Map<StackFrame, string>();
  const label = (frame: StackFrame): string => {
    let text = known.get(frame);
    if (text === undefined) known.set(frame, (text = withoutSeparator(frameLabel(frame)) + (frame.tier === 'inlined' ? '_[i]' : ENDINGS[frame.kind])));
    return text;
  };
  // Frames may differ in what their labels do not tell: their stacks are one line.
  const lines = new Map<string, number>();
  for (const { frames, weightNs, ...thread } of stacks) {
    const line = [withoutSeparator(threadLabel(thread)), ...frames.map(label)].join(';');
    lines.set(line, (lines.get(line) ?? 0) + weightNs);
  }
  return [...lines].map(([line, ns]) => [line, Math.round(ns / 1e3)] as const).filter(([, us]) => us > 0)
    .map(([line, us]) => `${line} ${String(us)}\n`).join('');
}

const withoutSeparator = (text: string): string => text.replaceAll(';', ':');
