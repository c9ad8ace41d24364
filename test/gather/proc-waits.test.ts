import { createServer } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { waitsOf } from '../../src/facts/waits.js';
import { procProbe } from '../../src/gather/proc.js';
import { threadDelta } from '../../src/parse/proc-delta.js';
import { parseProc } from '../../src/parse/proc-ndjson.js';
import type { WaitTarget } from '../../src/types.js';
import { contextOf, spawned } from './spawned.js';

/** What the threads of a Python program stand in, most first, after a second. */
async function targetsOf(program: string, ...args: string[]): Promise<(WaitTarget & { call: string; threads: number })[]> {
  const python = spawned('/usr/bin/python3', ['-c', program, ...args]);
  const ctx = await contextOf(python.pid);
  try {
    await sleep(300);
    const probe = await procProbe.prepare(ctx, 'all');
    await probe.start();
    await sleep(2200);
    await probe.stop();
    const rec = parseProc(ctx.text('proc.ndjson'));
    const threads = threadDelta(rec, rec.slices[0]?.tNs ?? 0, rec.slices.at(-1)?.tNs ?? 0);
    const sums = new Map<string, WaitTarget & { call: string; threads: number }>();
    for (const wait of threads.flatMap((t) => waitsOf(t.places, rec, null))) {
      if (!wait.on) continue;
      const key = `${wait.in} ${wait.on.kind} ${wait.on.name}`;
      sums.set(key, { ...wait.on, call: wait.in, threads: (sums.get(key)?.threads ?? 0) + wait.share });
    }
    return [...sums.values()].sort((a, b) => b.threads - a.threads);
  } finally {
    await python.kill();
    ctx.remove();
  }
}

const LINE = `
import threading, time
lock = threading.Lock()
def work():
    while True:
        with lock: time.sleep(0.01)
for _ in range(6): threading.Thread(target=work, daemon=True).start()
time.sleep(60)
`;

const BUSY = `
import threading
def work():
    n = 0
    while True: n += 1
for _ in range(4): threading.Thread(target=work, daemon=True).start()
work()
`;

/** Asks a server that never answers: one thread in recv, one with a time limit, which stands in poll. */
const ASKS = `
import socket, sys, threading
def ask(limit):
    s = socket.create_connection(('127.0.0.1', int(sys.argv[1])), limit)
    s.recv(1)
threading.Thread(target=ask, args=(None,), daemon=True).start()
ask(50)
`;

const SYNCS = `
import os, tempfile
f = tempfile.TemporaryFile()
while True:
    f.write(b'x' * 100); f.flush(); os.fsync(f.fileno())
`;

describe('what threads wait for', { timeout: 30_000 }, () => {
  it('a lock, at one address for all that stand in line', async () => {
    const [lock] = await targetsOf(LINE);
    expect(lock).toMatchObject({ call: 'futex', kind: 'futex' });
    expect(lock?.threads).toBeGreaterThan(2);
    expect(lock?.threads).toBeLessThan(6);
  });

  it('the GIL, told by whose memory it is', async () => {
    const [gil] = await targetsOf(BUSY);
    expect(gil).toMatchObject({ call: 'futex', kind: 'gil', name: 'GIL' });
    // On a full machine some of them wait for a CPU instead.
    expect(gil?.threads).toBeGreaterThan(0.5);
  });

  it('a peer, in recv as well as in poll', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    try {
      const targets = await targetsOf(ASKS, String(port));
      for (const call of ['recvfrom', 'poll']) {
        expect(targets.find((t) => t.call === call), call).toMatchObject({ kind: 'peer', name: `127.0.0.1:${String(port)}` });
      }
    } finally {
      server.close();
    }
  });

  it('a file, by its path', async () => {
    const targets = await targetsOf(SYNCS);
    const file = targets.find((t) => t.call === 'fsync');
    // Where the disk confirms in no time nobody is found waiting.
    if (file) expect(file).toMatchObject({ kind: 'file' });
  });
});
