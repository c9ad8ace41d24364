import type { FrameKind, StackFrame, StackProfile, WeightedStack } from '../../src/types.js';

const MS = 1e6;

/** `main@js:/srv/app.js:3` -> a frame; kind, file and line may be left out. */
export function frame(text: string): StackFrame {
  const [, name = '', kind = 'js', file = null, line] = /^([^@]*)(?:@(\w+))?(?::(.+?))?(?::(\d+))?$/.exec(text) ?? [];
  return { name, kind: kind as FrameKind, file: file ?? null, line: line === undefined ? null : Number(line) };
}

/** `a;b;c` and how many milliseconds. */
export const stack = (frames: string | StackFrame[], ms: number, more: Partial<WeightedStack> = {}): WeightedStack => ({
  frames: typeof frames === 'string' ? frames.split(';').map(frame) : frames, weightNs: ms * MS, samples: ms, pid: 7, tid: 7, thread: 'node', ...more,
});

export const profile = (stacks: WeightedStack[], more: Partial<StackProfile> = {}): StackProfile => ({
  unit: 'cpu', source: 'v8', window: 'profile', durationNs: 1e9, requests: 100, stacks, ...more,
});

/** A server whose hot function is `renderRows`. */
export const server = (hotMs = 600): StackProfile => profile([
  stack('(program)@native;handle@js:/srv/app.js:10;renderRows@js:/srv/rows.js:4', hotMs),
  stack('(program)@native;handle@js:/srv/app.js:10;renderRows@js:/srv/rows.js:4;toFixed@native', 150),
  stack('(program)@native;handle@js:/srv/app.js:10;end@js:node:http:5;write@native;__x64_sys_write@kernel', 100),
  stack('(garbage collector)@gc', 50),
]);

/** `count` distinct stacks as a sampler finds them: each branches off an earlier one, and runs on for a few frames. */
export function distinct(count: number): StackProfile {
  let seed = 42;
  const random = (): number => {
    seed = (seed * 1664525 + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  const kinds: FrameKind[] = ['js', 'native', 'kernel', 'python', 'gc'];
  const pool = Array.from({ length: 8000 }, (_, at): StackFrame => ({ name: `handleSomething_${at}`, kind: kinds[at % 5]!, file: `/srv/app/lib/file${at % 17}.js`, line: at }));
  const seen = new Set<string>();
  const found: StackFrame[][] = [[]];
  while (found.length <= count) {
    const from = found[Math.floor(random() ** 1.5 * found.length)]!;
    const frames = from.slice(0, from.length < 5 ? from.length : Math.max(4, Math.floor(from.length * (0.4 + 0.6 * random()))));
    for (let more = 1 + Math.floor(random() * 5); more > 0 && frames.length < 60; more--) frames.push(pool[Math.floor(random() * pool.length)]!);
    const key = frames.map(({ line }) => line).join();
    if (seen.has(key)) continue;
    seen.add(key);
    found.push(frames);
  }
  return profile(found.slice(1).map((frames) => stack(frames, 1 + Math.floor(random() * 9))));
}
