import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { waitReady, type Ready, type ReadyRequest } from '../../src/target/ready.js';
import type { Target } from '../../src/target/launch.js';
import { cleanUpAfterEach, freePort, HELLO, node, scratch, started } from './support.js';

const listen = (port: string, handler = `(q,r)=>r.end('ok')`): string => `require('http').createServer(${handler}).listen(${port},'127.0.0.1');`;

const ready = (target: Target, more: Partial<ReadyRequest> = {}): Promise<Ready> =>
  waitReady({ target, tree: target.tree, url: null, port: null, timeoutS: 15, ...more });

describe('waitReady gives up, with exit code 3 and the output, on', () => {
  cleanUpAfterEach();

  it('one that ends before it listens', async () => {
    const target = await started(node(`console.error('no config');process.exit(4)`));
    await expect(ready(target)).rejects.toMatchObject({
      exitCode: 3, detail: 'no config\n', message: expect.stringMatching(/ended after \d+\.\d s with exit code 4, before it listened on a port$/) as string,
    });
  });

  it('one that is killed', async () => {
    const target = await started(node(`process.kill(process.pid,'SIGSEGV')`));
    await expect(ready(target)).rejects.toMatchObject({ exitCode: 3, message: expect.stringContaining('with SIGSEGV') as string });
  });

  it('one that listens, and ends on the first request', async () => {
    const target = await started(node(listen('0', `()=>{throw new Error('boom')}`)));
    await expect(ready(target)).rejects.toMatchObject({
      message: expect.stringContaining('before it answered a request') as string, detail: expect.stringContaining('boom') as string,
    });
  });

  it('one whose port is taken: its own words are shown', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const target = await started(node(listen(String((server.address() as AddressInfo).port))));
      await expect(ready(target)).rejects.toMatchObject({ exitCode: 3, detail: expect.stringContaining('EADDRINUSE') as string });
    } finally {
      server.close();
    }
  });

  it('one that never listens', async () => {
    const target = await started(node(`console.log('thinking');setInterval(()=>{},1e3)`));
    await expect(ready(target, { timeoutS: 0.5 })).rejects.toMatchObject({
      exitCode: 3, detail: 'thinking\n', message: expect.stringMatching(/did not listen on a TCP port within 0\.5 s: give --url or --port .*--ready-timeout$/) as string,
    });
  });

  it('one that listens on a unix socket: says where', async () => {
    const path = join(scratch(), 'app.sock');
    const target = await started(node(`require('http').createServer().listen('${path}')`));
    await expect(ready(target, { timeoutS: 0.7 })).rejects.toMatchObject({ message: expect.stringContaining(`it listens on the unix socket ${path}`) as string });
  });

  it('one that listens and speaks no HTTP', async () => {
    const target = await started(node(`require('net').createServer(s=>s.end('+PONG\\r\\n')).listen(0,'127.0.0.1')`));
    await expect(ready(target, { timeoutS: 0.7 })).rejects.toMatchObject({
      message: expect.stringMatching(/listens on 127\.0\.0\.1:\d+ but did not answer HTTP at http:\/\/127\.0\.0\.1:\d+\/ within 0\.7 s \(the answer is not HTTP\/1\)/) as string,
    });
  });

  it('one that never answers', async () => {
    const target = await started(node(listen('0', '()=>{}')));
    await expect(ready(target, { timeoutS: 0.7 })).rejects.toMatchObject({ message: expect.stringMatching(/did not answer HTTP.*\(no answer within 0\.\d s\)/) as string });
  });

  it('a URL that refuses: says where the target listens', async () => {
    const target = await started(node(HELLO), { env: { ...process.env, HOST: '127.0.0.1' } });
    const port = await freePort();
    await expect(ready(target, { url: `http://127.0.0.1:${port}/x`, timeoutS: 1 })).rejects.toMatchObject({
      message: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/x did not answer within 1 s \(connection refused\); the target listens on 127\.0\.0\.1:\d+: check --url/) as string,
    });
  });

  it('a port that the target does not use: says which it does', async () => {
    const target = await started(node(HELLO), { env: { ...process.env, HOST: '127.0.0.1' } });
    const port = await freePort();
    await expect(ready(target, { port, timeoutS: 1 })).rejects.toMatchObject({
      message: expect.stringMatching(new RegExp(`did not listen on port ${port} within 1 s; the target listens on 127`)) as string,
    });
  });

  it('nothing but a debugger', async () => {
    const target = await started([process.execPath, '--inspect=127.0.0.1:0', '-e', 'setInterval(()=>{},1e3)']);
    await expect(ready(target, { timeoutS: 1 })).rejects.toMatchObject({ message: expect.stringContaining('debugger') as string });
  });

  it('the caller, who aborts: at once, with the reason', async () => {
    const controller = new AbortController();
    const silent = await started(node(listen('0', '()=>{}')));
    const waiting = ready(silent, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('Ctrl-C')), 400);
    const startMs = performance.now();
    await expect(waiting).rejects.toThrow('Ctrl-C');
    expect(performance.now() - startMs).toBeLessThan(2500);
  });
});
