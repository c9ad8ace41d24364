import { readdirSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readHost } from '../../src/gather/host.js';
import { perfProbe } from '../../src/gather/perf.js';
import { thinned } from '../../src/gather/perf-to-text.js';
import { kernelEntry } from '../../src/parse/perf-kernel.js';
import { parsePerfScript, perfHeader } from '../../src/parse/perf-script.js';
import { contextOf, exists, spawned, until } from './spawned.js';
import { startInWhyslow } from './dying-parent.js';

const can = await perfProbe.check(await readHost());

/** Its main thread sleeps; two threads, one of them born later, work: one in the program, one in the kernel. */
const BUSY = `
import hashlib, os, threading, time
def late():
    fd = os.open('/dev/zero', os.O_RDONLY)
    while True: os.read(fd, 1 << 20)
def early():
    while True: hashlib.sha256(b'x' * 1000000).digest()
threading.Thread(target=early, daemon=True).start()
time.sleep(1.2)
threading.Thread(target=late, daemon=True).start()
time.sleep(60)
`;

describe('perf probe where perf is missing', () => {
  it('says how to get it', async () => {
    const host = await readHost();
    expect(await perfProbe.check({ ...host, tools: {} })).toEqual({ ok: false, reason: 'perf is not installed', enable: expect.stringContaining('linux-perf') });
  });
});

describe.skipIf(!can.ok)('perf probe', () => {
  it('samples threads, those born later as well, on the monotonic clock, and leaves only its text', async () => {
    const python = spawned('/usr/bin/python3', ['-c', BUSY]);
    const ctx = await contextOf(python.pid);
    try {
      await sleep(300);
      const probe = await perfProbe.prepare(ctx, 'all');
      await sleep(100);
      const fromNs = Number(process.hrtime.bigint());
      await probe.start();
      await sleep(2500);
      expect(await probe.stop()).toEqual([{ probe: 'perf', window: 'all', file: 'perf.script' }]);
      const toNs = Number(process.hrtime.bigint());
      expect(readdirSync(ctx.dir)).toEqual(['perf.script']);

      const samples = [...parsePerfScript([ctx.text('perf.script')])];
      expect(perfHeader(ctx.text('perf.script'))).toEqual({ frequencyHz: 97, keptOneOf: 1 });
      expect(samples.length).toBeGreaterThan(30);
      expect(samples.every(({ tNs, pid }) => pid === python.pid && tNs >= fromNs && tNs <= toNs)).toBe(true);
      expect(new Set(samples.map(({ tid }) => tid)).size).toBe(2);
      if (ctx.host.isRoot) {
        const calls = samples.map(({ stack }) => kernelEntry(stack)).flatMap((entry) => (entry?.kind === 'syscall' ? [entry.name] : []));
        expect(calls.filter((name) => name === 'read').length).toBeGreaterThan(calls.length / 2);
      }
    } finally {
      await python.kill();
      ctx.remove();
    }
  }, 30_000);

  it('leaves nothing when it was never started', async () => {
    const python = spawned('/usr/bin/python3', ['-c', 'import time; time.sleep(30)']);
    const ctx = await contextOf(python.pid);
    try {
      const probe = await perfProbe.prepare(ctx, 'all');
      expect(await probe.stop()).toEqual([]);
      expect(readdirSync(ctx.dir)).toEqual([]);
    } finally {
      await python.kill();
      ctx.remove();
    }
  }, 20_000);

  it('says why when the target is gone, and leaves no file', async () => {
    const python = spawned('/usr/bin/python3', ['-c', 'pass']);
    await python.kill();
    const ctx = await contextOf(python.pid);
    try {
      await expect(perfProbe.prepare(ctx, 'all')).rejects.toThrow(/perf record did not start: .+/);
      expect(readdirSync(ctx.dir)).toEqual([]);
    } finally {
      ctx.remove();
    }
  }, 20_000);

  it('goes when whyslow is killed, and the target lives on', async () => {
    const python = spawned('/usr/bin/python3', ['-c', BUSY]);
    const ctx = await contextOf(python.pid);
    try {
      const whyslow = await startInWhyslow('perf', 'perfProbe', 'all', ctx);
      const perf = whyslow.childrenNamed('perf');
      expect(perf).toHaveLength(1);
      await whyslow.kill();
      await until('perf is gone', () => perf.every((pid) => !exists(pid)));
      expect(exists(python.pid)).toBe(true);
    } finally {
      await python.kill();
      ctx.remove();
    }
  }, 30_000);
});

describe('thinning', () => {
  it('keeps every k-th sample whole, at any chunk size', async () => {
    const text = readFileSync(new URL('../../fixtures/raw/perf/node-hello.script', import.meta.url), 'utf8').replace(/^#.*\n/, '');
    const whole = [...parsePerfScript([text])];
    for (const size of [50, 5000, text.length]) {
      const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
      const kept: string[] = [];
      for await (const part of thinned(Readable.from(chunks), 3)) kept.push(part);
      expect([...parsePerfScript(kept)]).toEqual(whole.filter((_, i) => i % 3 === 0));
    }
  });
});
