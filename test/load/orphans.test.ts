import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildLoad } from './built.js';
import { alive, http, loadSettings, serve } from './drive.js';

beforeAll(buildLoad, 120_000);

describe('when we are killed', { timeout: 20_000 }, () => {
  it.each(['autocannon', 'wrk', `sh -c 'sleep 60 & sleep 60'`])('%s ends as well', (tool) => serve(http((_req, res) => { res.end(); }), async (server) => {
    const dir = mkdtempSync(join(tmpdir(), 'whyslow-test-'));
    const parent = fork(new URL('start-load.mjs', import.meta.url).pathname, [tool, server.url, JSON.stringify(loadSettings({ tool, durationS: 60 })), join(dir, 'load.ndjson')]);
    try {
      const pid = await new Promise<number>((resolve) => parent.once('message', (message) => resolve(message as number)));
      expect(alive(pid)).toBe(true);
      parent.kill('SIGKILL');
      for (let i = 0; i < 100 && alive(pid); i++) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(alive(pid)).toBe(false);
    } finally {
      parent.kill('SIGKILL');
      rmSync(dir, { recursive: true });
    }
  }));
});
