import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { assertLoopback } from '../../src/load/loopback.js';
import { serve } from './drive.js';

describe('assertLoopback', () => {
  it.each([
    ['http://127.0.0.1:8000/x?y', 'http://127.0.0.1:8000/x?y'],
    ['http://127.9.9.9:8000/', 'http://127.9.9.9:8000/'],
    ['http://[::1]:8000/', 'http://[::1]:8000/'],
    ['http://[::ffff:127.0.0.1]:8000/', 'http://[::ffff:7f00:1]:8000/'],
    ['http://0x7f.1:8000/', 'http://127.0.0.1:8000/'],
    ['http://2130706433/', 'http://127.0.0.1/'],
    ['http://0.0.0.0:8000/', 'http://127.0.0.1:8000/'],
    ['http://[::]:8000/', 'http://[::1]:8000/'],
  ])('takes %s', async (url, pinned) => { expect(await assertLoopback(url, false)).toEqual({ url: pinned, headers: [] }); });

  it('pins a name to the address it checked, and keeps the name for the server', () => serve(() => createServer(), async ({ port }) => {
    expect(await assertLoopback(`http://localhost:${port}/p`, false)).toEqual({ url: `http://127.0.0.1:${port}/p`, headers: [['Host', `localhost:${port}`]] });
  }));

  it.each([
    'http://192.0.2.1/', 'http://127.0.0.1@192.0.2.1/', 'http://[2001:db8::1]/', 'http://[::ffff:192.0.2.1]/', 'http://128.0.0.1/',
  ])('refuses %s', async (url) => {
    await expect(assertLoopback(url, false)).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('--allow-remote') as string });
    expect((await assertLoopback(url, true)).url).toBe(new URL(url).href);
  });

  it.each(['ftp://127.0.0.1/', 'file:///etc/passwd', 'nonsense', 'http://', 'http://no-such-name.invalid/'])('refuses %s as no URL to load', async (url) => {
    await expect(assertLoopback(url, false)).rejects.toMatchObject({ exitCode: 2 });
  });
});
