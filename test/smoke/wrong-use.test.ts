import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { alive, inTempDir, whyslow } from './whyslow.js';

const cases: [what: string, args: string[], exitCode: number, says: RegExp][] = [
  ['no command', ['run'], 2, /command/],
  ['an unknown option', ['--conections', '3', '--', 'node', '-v'], 2, /conections/],
  ['no connections', ['-c', '0', '--', 'node', '-v'], 2, /connections/],
  ['a negative duration', ['-d', '-1', '--', 'node', '-v'], 2, /duration/],
  ['an unknown probe', ['--probes', 'crystal-ball', '--', 'node', '-v'], 2, /crystal-ball/],
  ['a host that is not this one', ['--url', 'http://192.0.2.1/', '--', 'node', '-v'], 2, /allow-remote/],
  ['a folder that is no run', ['report', '/proc/self'], 2, /not a saved run/],
  ['a command that does not exist', ['--', 'no-such-server-here'], 3, /not found/],
  ['a command that exits at once', ['--', 'node', '-e', 'process.exit(7)'], 3, /exit code 7/],
  ['a command that never listens', ['--ready-timeout', '1', '--', 'node', '-e', 'setTimeout(() => {}, 60000)'], 3, /listen/],
  ['a URL that refuses', ['--ready-timeout', '1', '--url', 'http://127.0.0.1:1/', '--', 'node', '-e', 'require("http").createServer().listen(0)'], 3, /refused/],
];

describe('wrong use', () => {
  it.each(cases)('%s', async (_what, args, exitCode, says) => {
    const result = await whyslow(args);
    const [first] = String(result.stderr).split('\n').filter((line) => /^whyslow: /.test(line)).slice(-1);

    expect(result.exitCode, String(result.stderr)).toBe(exitCode);
    expect(first).toMatch(says);
    expect(result.stdout).toBe('');
  });

  it('a port that is taken shows what the server itself said', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    try {
      await once(taken, 'listening');
      const { port } = taken.address() as AddressInfo;
      const result = await whyslow(['--', 'node', '-e', `require("http").createServer().listen(${String(port)}, "127.0.0.1")`]);

      expect(result.exitCode).toBe(3);
      expect(String(result.stderr)).toContain('EADDRINUSE');
    } finally {
      taken.close();
    }
  });

  it('leaves nothing running', async () => {
    await inTempDir(async (dir) => {
      const mark = `${dir}/mark`;
      await whyslow(['--ready-timeout', '1', '--', 'node', '-e', 'setInterval(() => {}, 1000)', mark]);

      expect(alive(mark)).toEqual([]);
    });
  });
});
