import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pythonProfileProbe } from '../../src/gather/python-profile.js';
import type { ProbeContext } from '../../src/gather/probe.js';
import { parsePySpy } from '../../src/parse/py-spy.js';
import { requires } from '../require.js';
import { sleep } from './node-target.js';

const PYTHON = '/usr/bin/python3';
const SOURCE = 'def busy():\n  while True:\n    sum(range(1000))\ndef serve():\n  busy()\nserve()\n';
const noSpy = spawnSync('py-spy', ['--version']).status !== 0;

let dir = '';
let target: ChildProcess;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whyslow-spy-'));
  target = spawn(PYTHON, ['-c', SOURCE], { stdio: 'ignore' });
});
afterEach(() => {
  target.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});
const context = (): ProbeContext => ({
  host: { kernel: '', arch: '', cpus: 1, memBytes: 0, nodeVersion: process.version, isRoot: true, clockTicksHz: 100, pageBytes: 4096, tools: {} },
  rootPid: target.pid ?? 0, pids: () => [target.pid ?? 0], generatorPids: () => [], port: null, origin: 'attach', signalOk: false, connections: 1, answersCounted: false, gentle: false, dir,
});

describe.skipIf(requires('python').skip)('Python that ran before', () => {
  it('without py-spy: says how to have its functions named', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = dir;
    try {
      await expect(pythonProfileProbe.prepare(context(), 'profile')).rejects.toMatchObject({ enable: expect.stringContaining('pip install py-spy') as string });
    } finally {
      process.env['PATH'] = path;
    }
  });

  it.skipIf(noSpy)(`its functions are named, and it goes on${noSpy ? ' (skipped: py-spy is not on the PATH)' : ''}`, async () => {
    await sleep(300);
    const probe = await pythonProfileProbe.prepare(context(), 'profile');
    await probe.start();
    await sleep(1000);
    const [artifact] = await probe.stop();
    const profile = parsePySpy(readFileSync(join(dir, artifact?.file ?? ''), 'utf8'));
    const samples = profile?.threads.flatMap((t) => t.samples) ?? [];
    expect(samples.length).toBeGreaterThan(20);
    expect(samples.filter(({ stack }) => stack.frames[0]?.name === 'busy').length / samples.length).toBeGreaterThan(0.8);
    expect(profile?.cpuNs).toBeGreaterThan(0);
    expect(target.exitCode).toBeNull();
  });

  it.skipIf(noSpy)('stopped without having begun, and twice, it leaves nothing', async () => {
    const probe = await pythonProfileProbe.prepare(context(), 'profile');
    expect(await probe.stop()).toEqual([]);
    expect(await probe.stop()).toEqual([]);
  });
});
