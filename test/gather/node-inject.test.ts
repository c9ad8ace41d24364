import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { injectPreload } from '../../src/gather/node-inject.js';
import { updateControl } from '../../src/gather/node-control.js';
import { listenersOf } from '../../src/target/listeners.js';

const started: ChildProcess[] = [];
afterEach(() => { for (const child of started.splice(0)) child.kill('SIGKILL'); });

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function target(source: string): Promise<number> {
  const child = spawn(process.execPath, ['-e', `${source}; setInterval(() => {}, 1000); console.log('up')`], { stdio: ['ignore', 'pipe', 'ignore'] });
  started.push(child);
  await once(child.stdout, 'data');
  return child.pid ?? 0;
}

async function inject(pid: number): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'whyslow-inject-'));
  try {
    updateControl(dir, {});
    await injectPreload(pid, dir, true);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

describe('bringing the preload into a running Node', () => {
  it('closes the port also where the first connection to it fails', async () => {
    const port = await freePort();
    // What answers first is no inspector; by then a real one is open on the same port.
    const pid = await target(`process.on('SIGUSR1', () => {
      const s = require('net').createServer((c) => { c.resetAndDestroy(); s.close(() => require('inspector').open(${String(port)})); }).listen(${String(port)}, '127.0.0.1');
    })`);
    await expect(inject(pid)).rejects.toThrow();
    expect(listenersOf([pid])).toEqual([]);
    expect(started[0]?.exitCode).toBeNull();
  });
});
