import { describe, expect, it } from 'vitest';
import { bornPerS, keysFor } from '../../src/gather/bpf-keys.js';
import { spawned } from './spawned.js';

const LEDGER = { mapKeys: 8192, keysPer: { thread: 32, connection: 0 } };
const ONE = new Map([[1, [1]]]);
const ctx = { connections: 50 };

/** A thread after the other, as servers with a thread a request make them. */
const THREADS = 'import threading\nwhile True:\n    t = threading.Thread(target=lambda: None); t.start(); t.join()';

describe('keys of eBPF maps', () => {
  it('are made to the threads that are there, and to those that will come in the window', () => {
    expect(keysFor(LEDGER, ONE, 0, ctx, 'ledger')).toBe(4096);
    expect(keysFor(LEDGER, ONE, 500, ctx, 'ledger')).toBe(8192);
    expect(keysFor(LEDGER, ONE, 500, ctx, 'all')).toBe(4096);
    expect(keysFor(LEDGER, ONE, 0, ctx, 'startup')).toBe(8192);
  });

  it('sees how many threads are made a second', async () => {
    const python = spawned('/usr/bin/python3', ['-c', THREADS]);
    try {
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await bornPerS('ledger')).toBeGreaterThan(200);
    } finally {
      await python.kill();
    }
  });
});
