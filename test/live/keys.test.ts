import { describe, expect, it } from 'vitest';
import { press } from '../../src/live/keys.js';
import { initialState, withPulse } from '../../src/live/state.js';
import { chosenThread, threadRows } from '../../src/live/threads.js';
import type { LiveState } from '../../src/live/types.js';

const char = (state: LiveState, one: string) => press(state, { name: one, char: one });
const twoProcesses = withPulse(initialState('x'), {
  load: [], loops: [],
  cpu: [0, 1e9].map((tNs) => ({ tNs, threads: [[1, 1, 0.9], [1, 2, 0.8], [5, 5, 0.7]].map(([pid, tid, share]) => ({ pid: pid!, tid: tid!, name: 't', runNs: share! * tNs })) })),
});
const chosen = (state: LiveState) => chosenThread(threadRows(state.data), state.look.thread)?.tid;

describe('keys', () => {
  it('ask the run for what only it can do', () => {
    const state = initialState('x');
    expect(['q', 'c', 'w'].map((one) => char(state, one).act)).toEqual(['quit', 'profile', 'save']);
    expect(press(state, { name: 'C-c', char: '\u0003' }).act).toBe('quit');
    expect(char(state, 'x')).toEqual({ state });
  });

  it('are text while a filter is typed, but for Ctrl-C', () => {
    let { state } = char(initialState('x'), '/');
    for (const one of ['q', 'c', '[', 'é']) {
      const next = char(state, one);
      expect(next.act).toBeUndefined();
      ({ state } = next);
    }
    ({ state } = press(state, { name: 'backspace', char: '\u007f' }));
    ({ state } = press(state, { name: 'escape-like', char: '\u001b' }));
    expect(state.look.filter).toBe('qc[');
    expect(press(state, { name: 'C-c', char: '\u0003' }).act).toBe('quit');
    expect(press(state, { name: 'escape', char: '\u001b' }).state.look).toMatchObject({ filter: '', typing: false });
  });

  it('go through threads and processes, round and round', () => {
    const tids = (keys: string) => chosen([...keys].reduce((s, key) => char(s, key).state, twoProcesses));
    expect(['', 't', 'tt', 'ttt', 'T', ']', ']]', '['].map(tids)).toEqual([1, 2, 5, 1, 5, 5, 1, 5]);
  });
});
