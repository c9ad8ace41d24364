import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { updateControl, threadFiles } from '../../src/gather/node-control.js';
import { injectPreload } from '../../src/gather/node-inject.js';
import { listenersOf } from '../../src/target/listeners.js';
import { sleep, until } from './node-target.js';

/** Other Nodes as targets: `npm i --prefix DIR/22 node@22`, the same for 20, 24, 26, and WHYSLOW_NODES=DIR. */
const NODES = process.env['WHYSLOW_NODES'] ?? 'WHYSLOW_NODES';
const dist = resolve(import.meta.dirname, '../../dist');

let dir = '';
const started: ChildProcess[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whyslow-inject-'));
  updateControl(dir, {});
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

async function target(source: string, { node = process.execPath, flags = [], name = 'server.cjs', options = {} }: { node?: string; flags?: string[]; name?: string; options?: SpawnOptions } = {}) {
  const script = join(dir, name);
  writeFileSync(script, `${source}\nsetInterval(() => {}, 1000);\nconsole.log('up');\n`);
  const child = spawn(node, [...flags, script], { stdio: ['ignore', 'pipe', 'ignore'], ...options });
  started.push(child);
  let out = '';
  child.stdout?.on('data', (chunk: Buffer) => { out += chunk.toString(); });
  await until(() => out.includes('up'), 'start');
  return { child, pid: child.pid ?? 0, out: () => out };
}
const inject = (pid: number) => injectPreload(pid, dir, true);
const ports = (pid: number) => listenersOf([pid]).map(({ port }) => port);
const lives = (child: ChildProcess) => child.exitCode === null && child.signalCode === null;
const watched = (pid: number) => threadFiles(dir, 'node').filter((file) => file.pid === pid);

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

const IN_WORKERS = `
  const code = 'setInterval(() => { for (const end = Date.now() + 5; Date.now() < end;); }, 20)';
  new Worker(code, { eval: true }); new Worker(code, { eval: true });
  await new Promise((r) => setTimeout(r, 200));`;
const CJS = `(async () => { const { Worker } = require('worker_threads'); ${IN_WORKERS} console.log('ready'); })();`;
const ESM = `import { Worker } from 'node:worker_threads'; ${IN_WORKERS} console.log('ready');`;

describe('bringing the preload into a running Node', () => {
  for (const version of [20, 22, 24, 26]) {
    const own = process.versions.node.startsWith(`${String(version)}.`);
    const node = own ? process.execPath : join(NODES, String(version), 'node_modules/node/bin/node');
    const there = existsSync(node);
    for (const [kind, source, name] of [['CJS', CJS, 'server.cjs'], ['ESM', ESM, 'server.mjs']] as const) {
      it.skipIf(!there)(`Node ${String(version)}, ${kind}: main thread and workers${there ? '' : ` (skipped: no ${node})`}`, async () => {
        const { child, pid, out } = await target(source, { node, name, flags: ['--inspect-port=0'] });
        await until(() => out().includes('ready'), 'workers');
        await inject(pid);
        await until(() => watched(pid).length === 3 && watched(pid).every(({ bytes }) => bytes > 600), 'three threads to write');
        expect(ports(pid)).toEqual([]);
        updateControl(dir, { stop: true });
        await sleep(400);
        expect(lives(child)).toBe(true);
      });
    }
  }

  it('closes the port also where the first connection to it fails', async () => {
    const port = await freePort();
    // What answers first is no inspector; by then a real one is open on the same port.
    const { child, pid } = await target(`process.on('SIGUSR1', () => {
      const s = require('net').createServer((c) => { c.resetAndDestroy(); s.close(() => require('inspector').open(${String(port)})); }).listen(${String(port)}, '127.0.0.1');
    })`);
    await expect(inject(pid)).rejects.toThrow();
    expect(ports(pid)).toEqual([]);
    expect(lives(child)).toBe(true);
  });

  it('a loop that is held opens the port late: it is closed then', async () => {
    const { child, pid, out } = await target(`setTimeout(() => { console.log('held'); require('child_process').execSync('sleep 2'); console.log('free'); }, 100)`, { flags: ['--inspect-port=0'] });
    await until(() => out().includes('held'), 'the hold');
    await inject(pid).catch(() => undefined);
    await until(() => out().includes('free'), 'the end of the hold');
    await sleep(1500);
    expect(ports(pid)).toEqual([]);
    expect(lives(child)).toBe(true);
  });

  it('a handler of its own runs, and the refusal says so', async () => {
    const { child, pid, out } = await target(`process.on('SIGUSR1', () => console.log('own handler'))`);
    await expect(inject(pid)).rejects.toThrow(/SIGUSR1 is the program's own/);
    expect(out()).toContain('own handler');
    expect(lives(child)).toBe(true);
  });

  it('a taken port: no inspector, and it is said', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const { child, pid } = await target('', { flags: [`--inspect-port=${String(port)}`] });
    await expect(inject(pid)).rejects.toThrow(/taken/);
    expect(lives(child)).toBe(true);
    blocker.close();
  });

  it('no signal to one that it would end, nor to one that has ended', async () => {
    const { child, pid } = await target(`process.on('SIGUSR1', () => {}); process.removeAllListeners('SIGUSR1')`);
    await inject(pid).catch(() => undefined);
    expect(lives(child)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expect(inject(pid)).rejects.toThrow(/ended/);
  });

  const disables = join(NODES, '24/node_modules/node/bin/node');
  it.skipIf(!existsSync(disables))(`--disable-sigusr1 is seen, and no signal sent (needs ${disables})`, async () => {
    const { child, pid } = await target('', { node: disables, flags: ['--disable-sigusr1'] });
    await expect(inject(pid)).rejects.toThrow(/does not take SIGUSR1/);
    expect(lives(child)).toBe(true);
  });

  it.skipIf(process.geteuid?.() !== 0)('reaches another network namespace, with the port there closed', async () => {
    const { child, out } = await target('', { node: 'unshare', flags: ['-n', '--', 'sh', '-c', 'ip link set lo up; exec "$0" --inspect-port=0 "$1"', process.execPath] });
    const pid = child.pid ?? 0;
    expect(out()).toContain('up');
    await inject(pid);
    await until(() => watched(pid).length === 1, 'the preload to write');
    expect(ports(pid)).toEqual([]);
    expect(lives(child)).toBe(true);
  });

  it('whyslow killed at any moment of it: the port is closed', async () => {
    const host = join(dir, 'host.mjs');
    writeFileSync(host, `import { injectPreload } from ${JSON.stringify(join(dist, 'gather/node-inject.js'))};
      console.log('go'); await injectPreload(Number(process.argv[2]), ${JSON.stringify(dir)}, true); setInterval(() => {}, 1000);`);
    for (const afterMs of [0, 20, 40, 50, 60, 70, 80, 90, 100, 120, 150, 200]) {
      const { child, pid } = await target('', { flags: ['--inspect-port=0'] });
      const whyslow = spawn(process.execPath, [host, String(pid)], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
      started.push(whyslow);
      await once(whyslow.stdout, 'data');
      await sleep(afterMs);
      // The whole group, as a terminal that closes would.
      process.kill(-(whyslow.pid ?? 0), 'SIGKILL');
      await sleep(1000);
      expect(ports(pid), `killed after ${String(afterMs)} ms`).toEqual([]);
      expect(lives(child)).toBe(true);
      child.kill('SIGKILL');
    }
  }, 60_000);
});
