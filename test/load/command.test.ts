import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { driverFor } from '../../src/load/driver.js';
import { splitWords } from '../../src/load/words.js';
import { buildLoad } from './built.js';
import { alive, drive, http, loadSettings, serve } from './drive.js';

beforeAll(buildLoad, 120_000);

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const node = JSON.stringify(process.execPath);

describe('a command as the load', { timeout: 20_000 }, () => {
  it('runs with the URL and the port, keeps its output, ends with it', () => serve(http((_req, res) => { res.end('hi'); }), async (server) => {
    const { summary, slices } = await drive(`${node} -e 'fetch(process.argv[1]).then(async r => console.log(await r.text(), process.argv[2]))' {url} p={port}`, server.url);
    expect(server.requests).toBe(1);
    expect(slices).toEqual([]);
    expect(summary).toMatchObject({ completed: null, connectionsOpened: null, output: `hi p=${server.port}\n` });
  }));

  it('runs no shell', async () => {
    const { summary } = await drive('echo $HOME ; echo "a  b" \'c|d\' > /dev/null', 'http://127.0.0.1:1/');
    expect(summary?.output).toBe('$HOME ; echo a  b c|d > /dev/null\n');
  });

  it('tells of a failure', async () => {
    expect((await drive(`${node} -e 'process.exit(3)'`, 'http://127.0.0.1:1/')).summary?.output).toContain('ended with code 3');
  });

  it('is stopped with all of its group, even one that will not listen', async () => {
    const stubborn = `sh -c 'trap "" INT TERM; sh -c "trap \\"\\" INT TERM; echo child \\$\\$; sleep 60; sleep 60" & sleep 60; wait'`;
    const { pid, summary } = await drive(stubborn, 'http://127.0.0.1:1/', {}, async (load) => { await sleep(300); await load.stop(); });
    const child = Number(/child (\d+)/.exec(summary?.output ?? '')?.[1]);
    expect(child).toBeGreaterThan(0);
    await sleep(100);
    expect([pid ?? 0, child].map(alive)).toEqual([false, false]);
  });

  it('takes what it left in its group along when it ends', async () => {
    const { summary } = await drive(`sh -c 'sleep 60 & echo child $!'`, 'http://127.0.0.1:1/');
    await sleep(100);
    expect(alive(Number(/child (\d+)/.exec(summary?.output ?? '')?.[1]))).toBe(false);
  });

  it('refuses what cannot be', async () => {
    const start = (line: string, over = {}) => driverFor(line).start('http://127.0.0.1:1/', loadSettings(over), '/dev/null');
    await expect(start('/nonexistent/tool {url}')).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('ENOENT') as string });
    await expect(start('"unclosed')).rejects.toMatchObject({ exitCode: 2 });
    await expect(start('  ')).rejects.toMatchObject({ exitCode: 2 });
    await expect(start('true', { rate: 1 })).rejects.toMatchObject({ exitCode: 2 });
    expect(await driverFor('no-such-tool-here {url}').check()).toMatchObject({ ok: false, enable: expect.stringContaining('install') as string });
    expect(await driverFor('sh -c true').check()).toEqual({ ok: true });
  });
});

describe('no load', () => {
  it('lasts as long as asked, or until stopped', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'whyslow-test-'));
    try {
      const load = await driverFor('none').start('http://127.0.0.1:1/', loadSettings({ durationS: 60 }), join(dir, 'load.ndjson'));
      expect(load.pid).toBeNull();
      await load.stop();
      await load.stop();
      expect(JSON.parse(readFileSync(join(dir, 'load.ndjson'), 'utf8'))).toMatchObject({ type: 'summary', tool: 'none', completed: null });
    } finally {
      rmSync(dir, { recursive: true });
    }
    const { summary } = await drive('none', 'http://127.0.0.1:1/', { durationS: 0.2, warmupS: 0.1 });
    expect((summary?.endNs ?? 0) - (summary?.startNs ?? 0)).toBeGreaterThan(0.29e9);
  });
});

describe('splitWords', () => {
  it.each([
    ['a  b\tc', ['a', 'b', 'c']],
    [`'a b' "c d"e`, ['a b', 'c de']],
    [`a'b'"c"\\ d`, ['abc d']],
    [`"a\\"b\\$c\\n" 'd\\e'`, ['a"b$c\\n', 'd\\e']],
    [`"" ''`, ['', '']],
    ['$(x) `y` *', ['$(x)', '`y`', '*']],
    ['', []],
  ])('%j', (line, words) => { expect(splitWords(line)).toEqual(words); });

  it.each(['"a', "'a", 'a\\'])('refuses %j', (line) => { expect(() => splitWords(line)).toThrow(/--load/); });
});
