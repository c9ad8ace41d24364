import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { artifactsSoFar, profileAnswer } from '../../src/gather/underway.js';
import { watch, type Racks } from '../../src/gather/watch.js';
import type { Artifact, LoadSettings, Window, WindowName } from '../../src/types.js';

const LOAD: LoadSettings = { tool: 'none', connections: 1, durationS: 1.4, warmupS: 0.1, method: 'GET', headers: [], body: null, keepAlive: true, rate: null, amount: null, timeoutS: 1 };

/** A load without a server, and probes that only say when they are on. */
async function windowsOf(wishAt: { window: WindowName; nth: number } | null, longestStall: (fromNs: number, toNs?: number) => number = () => 0): Promise<{ names: WindowName[]; windows: Window[]; rest: { again: number } }> {
  const rest = { again: 0 };
  const rack = { size: 1, start: async () => undefined, leave: async () => undefined, stop: async () => [] };
  const racks: Racks = {
    together: false, byWindow: new Map([['observed', rack], ['profile', rack]]),
    anotherProfile: async () => { rest.again += 1; return rack; }, stop: async () => [],
  };
  const windows: Window[] = [];
  const wish = { pending: false };
  let seen = 0;
  await watch({
    racks, windows, wish, longestStall, load: LOAD, url: 'http://127.0.0.1:1/', loadFile: '/dev/null', signal: new AbortController().signal,
    targetGone: new Promise(() => undefined),
    driver: { id: 'none', check: async () => ({ ok: true }), start: async () => ({ pid: null, done: new Promise(() => undefined), stop: async () => undefined }) },
    onLoad: () => undefined, onProgress: () => undefined,
    onWindow: (open) => {
      if (open?.name !== wishAt?.window || open === null) return;
      if (seen++ === wishAt?.nth) wish.pending = true;
    },
  });
  return { names: windows.map(({ name }) => name), windows, rest };
}

describe('a CPU profile now', () => {
  it('is not wished for: the plan', async () => {
    expect((await windowsOf(null)).names).toEqual(['warmup', 'clean', 'observed', 'profile', 'clean', 'drain']);
  });

  it('comes first when asked for in the warm-up, and once only', async () => {
    const { names, rest } = await windowsOf({ window: 'warmup', nth: 0 });
    expect(names).toEqual(['warmup', 'profile', 'clean', 'observed', 'clean', 'drain']);
    expect(rest.again).toBe(0);
  });

  it('cuts a clean window in two, that no figure is read while it is on', async () => {
    const { names, windows } = await windowsOf({ window: 'clean', nth: 0 });
    expect(names).toEqual(['warmup', 'clean', 'profile', 'clean', 'observed', 'clean', 'drain']);
    for (const [i, { startNs }] of windows.entries()) expect(startNs).toBeGreaterThanOrEqual(windows[i - 1]?.endNs ?? 0);
  });

  it('is taken again after the planned one', { retry: 3 }, async () => {
    const { names, rest } = await windowsOf({ window: 'clean', nth: 1 });
    expect(names).toEqual(['warmup', 'clean', 'observed', 'profile', 'clean', 'profile', 'clean', 'drain']);
    expect(rest.again).toBe(1);
  });

  it('waits for a stall where the clean window had one, for a part of the time that is left', async () => {
    const length = (windows: readonly Window[]) => windows.filter(({ name }) => name === 'profile').map((w) => (w.endNs - w.startNs) / 1e9)[0] ?? 0;
    const isClean = (toNs?: number) => toNs !== undefined;
    const [none, soon, never] = await Promise.all([
      windowsOf(null),
      windowsOf(null, () => 80e6),
      windowsOf(null, (_, toNs) => (isClean(toNs) ? 80e6 : 25e6)),
    ]);
    expect(length(soon.windows) - length(none.windows)).toBeLessThan(0.05);
    expect(length(never.windows) - length(none.windows)).toBeGreaterThan(0.05);
    expect(never.names).toEqual(none.names);
    expect(never.windows.at(-1)?.endNs ?? 0).toBeLessThan((none.windows.at(-1)?.endNs ?? 0) + 0.1e9);
  });

  it('says when it cannot be had', () => {
    const racks = (names: WindowName[], together = false) => ({ together, byWindow: new Map(names.map((name) => [name, {}])) }) as unknown as Racks;
    const wish = { pending: false };
    const taken: Window[] = [{ name: 'profile', startNs: 1, endNs: 2 }];
    const file: Artifact = { probe: 'cpuprofile', window: 'profile', file: 'x' };
    expect(profileAnswer(racks([]), [], 'clean', wish, [])).toBe('none');
    expect(profileAnswer(racks(['profile'], true), [], 'observed', wish, [])).toBe('all-along');
    expect(profileAnswer(racks(['profile']), [], 'profile', wish, [])).toBe('under-way');
    expect(profileAnswer(racks(['profile']), [], 'drain', wish, [])).toBe('none');
    expect(profileAnswer(racks(['profile']), taken, 'clean', wish, [])).toBe('none');
    expect(wish.pending).toBe(false);
    expect(profileAnswer(racks(['profile']), taken, 'clean', wish, [file])).toBe('asked');
    expect(wish.pending).toBe(true);
  });
});

describe('artifactsSoFar', () => {
  it('knows the files of the probes by their names, and nothing else', () => {
    const dir = mkdtempSync(join(tmpdir(), 'whyslow-underway-'));
    try {
      for (const name of ['load.ndjson', 'proc.ndjson', 'ss.txt', 'node.7.8.ndjson', 'cpuprofile.7.8.json', 'syscalls.startup.ndjson', 'failed-paths.sockets.ndjson', 'python.9.ndjson', 'control.json', 'perf.data', 'strace-startup.txt']) writeFileSync(join(dir, name), '');
      symlinkSync('/etc/passwd', join(dir, 'node.1.1.ndjson'));
      mkdirSync(join(dir, 'ledger.ledger.ndjson'));

      const key = ({ probe, window, pid, tid }: Artifact) => [probe, window, pid ?? '', tid ?? ''].join(' ').trim();
      expect(artifactsSoFar(dir).map(key).toSorted()).toEqual([
        'cpuprofile profile 7 8', 'failed-paths sockets', 'load all', 'node all 7 8', 'proc all', 'python all 9', 'python-profile profile 9',
        'ss all', 'strace startup', 'syscalls startup',
      ]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
