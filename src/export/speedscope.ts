/**
 * speedscope's own format: frames once, then a list of stacks and weights for each thread.
 * https://www.speedscope.app/file-format-schema.json
 * https://github.com/jlfwong/speedscope/wiki/Importing-from-custom-sources
 */
import type { StackFrame, StackProfile, WeightedStack } from '../types.js';
import type { ExportOptions } from './formats.js';
import { plainText, threadLabel } from './frame-text.js';

/** Times in a thread's profile; the heaviest thread is shown first. */
export function speedscope({ stacks }: StackProfile, { title }: ExportOptions): string {
  const frames: { name: string; file?: string; line?: number }[] = [];
  const known = new Map<string, number>();
  const ids = new Map<StackFrame, number>();
  const idOf = (frame: StackFrame): number => {
    let id = ids.get(frame);
    if (id !== undefined) return id;
    const { name, file, line } = frame;
    // An empty name is drawn as nothing at all.
    const shown = { name: plainText(name) || '(anonymous)', ...(file === null ? {} : { file: plainText(file) }), ...(line === null ? {} : { line }) };
    const key = JSON.stringify(shown);
    id = known.get(key);
    if (id === undefined) {
      id = frames.push(shown) - 1;
      known.set(key, id);
    }
    ids.set(frame, id);
    return id;
  };
  const profiles = [...byThread(stacks)].map(([name, of]) => ({
    type: 'sampled', name, unit: 'nanoseconds', startValue: 0,
    endValue: of.reduce((ns, s) => ns + Math.round(s.weightNs), 0),
    samples: of.map((s) => s.frames.map(idOf)),
    weights: of.map((s) => Math.round(s.weightNs)),
  })).sort((a, b) => b.endValue - a.endValue);
  return `${JSON.stringify({
    $schema: 'https://www.speedscope.app/file-format-schema.json', exporter: 'whyslow', name: plainText(title), activeProfileIndex: 0,
    profiles, shared: { frames },
  })}\n`;
}

function byThread(stacks: readonly WeightedStack[]): Map<string, WeightedStack[]> {
  const threads = new Map<string, WeightedStack[]>();
  for (const stack of stacks) {
    const name = threadLabel(stack);
    const of = threads.get(name);
    if (of) of.push(stack);
    else threads.set(name, [stack]);
  }
  return threads;
}
