import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readHost } from '../../src/gather/host.js';
import { nodeProbe } from '../../src/gather/node.js';
import { pythonProbe } from '../../src/gather/python.js';
import { selectProbes } from '../../src/gather/select.js';
import { session } from '../../src/gather/session.js';
import type { Settings } from '../../src/types.js';

const LISTENER = 'require("net").createServer().listen(0, "127.0.0.1", () => console.log("up"))';

it('on attach no probe prepares an environment that nobody takes, and an end of the target has no exit code', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'whyslow-session-'));
  const child = spawn(process.execPath, ['-e', LISTENER], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    await once(child.stdout, 'data');
    const host = await readHost();
    const { statuses } = await selectProbes(host, { asked: ['node', 'python'], gentle: false, attach: true });
    const settings: Settings = {
      command: [], attach: String(child.pid), signalOk: false, gentle: false, url: null, port: null, probes: null, readyTimeoutS: 5,
      user: null, allowRemote: false, verbose: false,
      load: { tool: 'none', connections: 1, durationS: 10, warmupS: 0, method: 'GET', headers: [], body: null, keepAlive: true, rate: null, amount: null, timeoutS: 5 },
    };
    setTimeout(() => child.kill('SIGKILL'), 500);
    const seen = await session({
      settings, host, statuses, probes: [nodeProbe, pythonProbe], dir, scratch: null,
      signal: new AbortController().signal, onProgress: () => undefined, onNote: () => undefined,
    });
    expect(seen.interrupted).toMatch(/ended by itself/);
    expect(seen.interrupted).not.toMatch(/null/);
    expect(readdirSync(dir).sort()).toEqual(['load.ndjson', 'target-output.txt']);
  } finally {
    child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
});
