import { describe, expect, it } from 'vitest';
import { blockedStalls } from '../../src/facts/blocked-stalls.js';
import type { ProcRecording, ProcSlice } from '../../src/parse/proc-ndjson.js';

const TID = 71;
/** x86_64. */
const [POLL, EPOLL, FUTEX] = [7, 232, 202];

/** A slice each 250 ms, of six looks. */
const recording = (...slices: Record<string, number>[]): ProcRecording => ({
  header: { tNs: 0, arch: 'x64', cpus: 2, clockTicksHz: 100, pageBytes: 4096, tickNs: 40e6 },
  slices: [{}, ...slices].map((places, i) => ({ tNs: i * 250e6, samples: { [TID]: places }, links: {} }) as unknown as ProcSlice),
  threadLives: new Map(), processLives: new Map(), sockets: new Map(), mappings: new Map(),
} as unknown as ProcRecording);
const quiet = { running: 4, [`${EPOLL}:5`]: 2 };
const stalls = (...slices: Record<string, number>[]) => blockedStalls(recording(...slices), TID, TID);

describe('blockedStalls', () => {
  it('finds a loop that stood in another call for many looks, over the slices it spans', () => {
    const [stall, ...more] = stalls(quiet, quiet, { [POLL]: 6 }, { [POLL]: 2, running: 4 }, quiet, quiet, quiet);
    expect(more).toEqual([]);
    expect(stall).toMatchObject({ pid: TID, tid: TID, syscall: 'poll' });
    expect(stall?.startNs).toBeCloseTo(500e6, 0);
    expect((stall?.lengthNs ?? 0) / 1e6).toBeCloseTo(333, 0);
  });

  it('finds each of several', () => {
    const held = { [POLL]: 4, running: 2 };
    expect(stalls(quiet, held, quiet, quiet, held, quiet, quiet, held, quiet)).toHaveLength(3);
  });

  it('takes a loop that waits in poll for what it is', () => {
    expect(stalls({ running: 3 }, { running: 3 }, { [POLL]: 6 }, { running: 3 }, { running: 3 })).toEqual([]);
  });

  it('knows nothing of short calls that are seen now and then, nor of a loop that always blocks', () => {
    const now = { [POLL]: 1, running: 3, [`${EPOLL}:5`]: 2 };
    expect(stalls(now, now, now, quiet, now, now, quiet, now)).toEqual([]);
    const always = { [POLL]: 4, [`${EPOLL}:5`]: 2 };
    expect(stalls(always, always, always, quiet, always)).toEqual([]);
  });

  it('leaves waits in a futex to those who know whose it is', () => {
    expect(stalls(quiet, quiet, { [`${FUTEX}@55e0`]: 6 }, quiet, quiet)).toEqual([]);
  });

  it('has none where nobody looked', () => {
    expect(stalls()).toEqual([]);
    expect(stalls({}, {}, {})).toEqual([]);
  });
});
