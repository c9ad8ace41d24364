import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ledgerProbe } from '../../src/gather/ledger.js';
import { schedProbe } from '../../src/gather/sched.js';
import { parseLedger } from '../../src/parse/bpf-ledger.js';
import { parseSched } from '../../src/parse/bpf-sched.js';
import { requires } from '../require.js';
import { contextOf, spawned } from './spawned.js';

const { skip } = requires('ebpf');

/** Starts 23 programs, one after another, when asked; strace -f -c counts 23 vforks or clones of it. */
const SPAWNER = `
import subprocess, sys
sys.stdin.readline()
for _ in range(23): subprocess.run(['/bin/true'])
print('done', flush=True)
sys.stdin.readline()
`;

describe.skipIf(skip)('ledger and a process a request', { timeout: 60_000 }, () => {
  it('counts 23 births and the whole of each life', async () => {
    const spawner = spawned('/usr/bin/python3', ['-c', SPAWNER], 'pipe');
    const ctx = await contextOf(spawner.pid, { port: 1 });
    try {
      await sleep(300);
      const prepared = await ledgerProbe.prepare(ctx, 'ledger');
      await prepared.start();
      spawner.child.stdin?.write('go\n');
      await once(spawner.child.stdout as NodeJS.EventEmitter, 'data');
      await prepared.stop();
      const capture = parseLedger(ctx.text('ledger.ledger.ndjson'));
      expect(capture?.health.problems).toEqual([]);
      const born = capture?.threads.filter((t) => t.pid === t.tid && t.startNs > capture.openNs) ?? [];
      expect(born).toHaveLength(23);
      for (const child of born) {
        expect(child.endNs).toBeLessThan(capture?.closeNs ?? 0);
        expect(Math.abs(child.unaccountedNs) / child.wallNs).toBeLessThan(0.05);
        expect(child.kernel.map((c) => c.name)).toContain('execve');
      }
    } finally {
      await spawner.kill();
      ctx.remove();
    }
  });
});

describe.skipIf(skip)('sched and a thread a request', { timeout: 60_000 }, () => {
  it('keeps nothing of threads that ended', async () => {
    const python = spawned('/usr/bin/python3', ['-c', 'import threading\nwhile True:\n    t = threading.Thread(target=lambda: None); t.start(); t.join()']);
    const ctx = await contextOf(python.pid, { port: 1 });
    try {
      await sleep(300);
      const prepared = await schedProbe.prepare(ctx, 'all');
      await prepared.start();
      await sleep(1000);
      await prepared.stop();
      const capture = parseSched(ctx.text('sched.all.ndjson'));
      expect(capture?.health.problems).toEqual([]);
      // Some hundred of them came and went.
      expect(capture?.totals.threads.length).toBeLessThan(20);
      expect(capture?.totals.threads.find((t) => t.tid === python.pid)?.onCpuNs).toBeGreaterThan(1e7);
    } finally {
      await python.kill();
      ctx.remove();
    }
  });
});
