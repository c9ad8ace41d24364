import type { StackFrame, StackProfile, StackSelection } from '../../src/types.js';

export const frame = (name: string, over: Partial<StackFrame> = {}): StackFrame => ({ name, kind: 'js', file: '/srv/app/lib/x.js', line: 12, ...over });

/** `[frames, ms]`, root first, of one thread. */
export function profileOf(stacks: readonly [frames: readonly StackFrame[], ms: number][], over: Partial<StackProfile> = {}): StackProfile {
  return {
    unit: 'cpu', source: 'v8', window: 'profile', durationNs: 1e9, requests: 100,
    stacks: stacks.map(([frames, ms]) => ({ frames, weightNs: ms * 1e6, samples: Math.max(1, Math.round(ms / 2)), pid: 71, tid: 71, thread: 'node' })),
    ...over,
  };
}

/** What a target may call its functions. */
export const HOSTILE = [
  '\u001b[2J\u001b]0;pwned\u0007red', '<img src=x onerror=alert(1)>', 'n'.repeat(10_000), 'two\nlines 99\r\nthree', 'a;b;c 12', '"quoted\\"', '\u202etxt.exe', '\ud800lone', '__proto__', '', ' ',
  '</script><script>alert(1)</script>', '%s${x}`id`', '漢字🔥',
];

export const ON_CPU: StackSelection = { kind: 'on-cpu', source: null, thread: null, phase: null, merge: false, idle: false };

export const OPTIONS = { title: 'node server.js', createdAt: '2026-11-21T11:10:21.190Z', against: null, assets: () => ({ script: '', css: '' }), zeroX: () => Promise.resolve('') };
