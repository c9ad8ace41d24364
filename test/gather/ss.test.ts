import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readHost } from '../../src/gather/host.js';
import { ssProbe } from '../../src/gather/ss.js';
import { parseSs } from '../../src/parse/ss.js';
import { summarizeSs } from '../../src/parse/ss-summary.js';
import { contextOf, helloServer, spawned } from './spawned.js';

const can = await ssProbe.check(await readHost());

/** Listens with a queue of 2, and never accepts. */
const DEAF = `
import socket, time
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(2)
print(s.getsockname()[1], flush=True)
time.sleep(60)
`;

describe('ss probe where ss is missing', () => {
  it('says how to get it', async () => {
    expect(await ssProbe.check({ ...await readHost(), tools: {} })).toEqual({ ok: false, reason: 'ss is not installed', enable: 'apt install iproute2' });
  });
});

describe.skipIf(!can.ok)('ss probe', () => {
  it('sees the connections of the port and no others, twice a second', async () => {
    const server = await helloServer();
    const other = await helloServer();
    const clients = [...Array(5).fill(server.port), other.port].map((port: number) => connect(port, '127.0.0.1'));
    const ctx = await contextOf(server.pid, { port: server.port });
    try {
      await Promise.all(clients.map((client) => once(client, 'connect')));
      const probe = await ssProbe.prepare(ctx, 'all');
      const fromNs = Number(process.hrtime.bigint());
      await probe.start();
      await sleep(1300);
      expect(await probe.stop()).toEqual(['ss.txt', 'ss-outbound.txt'].map((file) => ({ probe: 'ss', window: 'all', file })));
      const looks = parseSs(ctx.text('ss.txt'));
      expect(looks.length).toBeGreaterThanOrEqual(2);
      expect(looks.every(({ established }) => established?.length === 5)).toBe(true);
      expect(looks.every(({ tNs }) => tNs >= fromNs && tNs <= Number(process.hrtime.bigint()))).toBe(true);
      // Node's own default backlog.
      expect(looks[0]?.listen).toEqual({ waiting: 0, limit: 511, drops: 0 });
      const { length } = ctx.text('ss.txt');
      await sleep(700);
      expect(ctx.text('ss.txt')).toHaveLength(length);
    } finally {
      clients.forEach((client) => client.destroy());
      await server.kill();
      await other.kill();
      ctx.remove();
    }
  }, 20_000);

  it('sees connections wait in the listen queue, and bytes nobody reads', async () => {
    const deaf = spawned('/usr/bin/python3', ['-c', DEAF]);
    const [line] = await once(deaf.child.stdout as NodeJS.EventEmitter, 'data') as [Buffer];
    const port = Number(line.toString());
    const clients = Array.from({ length: 2 }, () => connect(port, '127.0.0.1'));
    const ctx = await contextOf(deaf.pid, { port });
    try {
      await Promise.all(clients.map((client) => once(client, 'connect')));
      clients[0]?.write('hello?');
      await sleep(100);
      const probe = await ssProbe.prepare(ctx, 'all');
      await probe.start();
      await probe.stop();
      const summary = summarizeSs(parseSs(ctx.text('ss.txt')));
      expect(summary.listenQueue).toEqual({ max: 2, limit: 2 });
      expect(summary.unreadShare).toBe(0.5);
    } finally {
      clients.forEach((client) => client.destroy());
      await deaf.kill();
      ctx.remove();
    }
  }, 20_000);

  it('needs a port, and leaves nothing when it was never started', async () => {
    const ctx = await contextOf(process.pid);
    try {
      await expect(ssProbe.prepare(ctx, 'all')).rejects.toThrow(/port/);
      const probe = await ssProbe.prepare({ ...ctx, port: 9 }, 'all');
      expect(await probe.stop()).toEqual([]);
      expect(readdirSync(ctx.dir)).toEqual([]);
    } finally {
      ctx.remove();
    }
  });
});
