import { describe, expect, it } from 'vitest';
import { threadRuns } from '../../src/parse/thread-runs.js';

const thread = { pid: 71, tid: 72, role: 'target', comm: 'node', runNs: 5 };

describe('threadRuns', () => {
  it('reads the threads of the target, from any line on', () => {
    const text = `"cut":1}\n${JSON.stringify({ type: 'slice', tNs: 9, threads: [thread, { ...thread, role: 'generator' }, { ...thread, runNs: null }, null] })}\n{"type":"sl`;

    expect([...threadRuns(text)]).toEqual([{ tNs: 9, threads: [{ pid: 71, tid: 72, name: 'node', runNs: 5 }] }]);
  });
});
