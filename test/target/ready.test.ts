import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listenerPids } from '../../src/target/listeners.js';
import { waitReady, type Ready, type ReadyRequest } from '../../src/target/ready.js';
import type { Target } from '../../src/target/launch.js';
import { cleanUpAfterEach, freePort, HELLO, lives, node, scratch, started, until } from './support.js';

const GUNICORN = '/usr/bin/gunicorn';
const listen = (port: string, handler = `(q,r)=>r.end('ok')`): string => `require('http').createServer(${handler}).listen(${port},'127.0.0.1');`;

const ready = (target: Target, more: Partial<ReadyRequest> = {}): Promise<Ready> =>
  waitReady({ target, tree: target.tree, url: null, port: null, timeoutS: 15, ...more });

const status = async (url: string): Promise<number> => (await fetch(url)).status;

/** A self-signed certificate for the test of TLS. */
function certificate(): string {
  const folder = scratch();
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost',
    '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')], { stdio: 'ignore' });
  return folder;
}
const hasOpenssl = (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, 'openssl')));

describe('waitReady finds', () => {
  cleanUpAfterEach();

  it('a node server on a port of its own choice', async () => {
    const target = await started(node(HELLO));
    const found = await ready(target);
    expect(found).toMatchObject({ url: `http://127.0.0.1:${found.port}/`, address: '::', listenerPids: [target.pid] });
    expect(await status(found.url)).toBe(200);
    expect(target.tree.processes().filter(({ listens }) => listens).map(({ pid }) => pid)).toEqual([target.pid]);
  });

  it.each([
    ['sh -c', ['sh', '-c', `${process.execPath} server.js; :`]],
    ['npm start', ['npm', 'start', '--silent']],
  ])('the server below %s, and not the wrapper', async (_name, command) => {
    const folder = scratch();
    writeFileSync(join(folder, 'server.js'), HELLO);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'x', version: '1.0.0', scripts: { start: 'node server.js' } }));
    const target = await started(command, { cwd: folder });
    const found = await ready(target);
    expect(found.listenerPids).toHaveLength(1);
    expect(found.listenerPids).not.toContain(target.pid);
    expect(target.tree.processes().find(({ listens }) => listens)).toMatchObject({ runtime: 'node', pid: found.listenerPids[0] });
    await target.stop();
    expect(lives(found.listenerPids[0] ?? 0)).toBe(false);
  }, 20_000);

  it.each([
    // Its service answers first: the front imports for a while, then listens.
    ['that starts a service and listens last', `const cp=require('child_process');const kid=cp.spawn(process.execPath,['-e',${JSON.stringify(listen('0'))}],{stdio:'inherit'});kid.unref();
      const end=Date.now()+900;while(Date.now()<end);${listen('0', `(q,r)=>r.end('front')`)}`],
    // The front is slow to answer, its service is not.
    ['that is slower than its service', `const cp=require('child_process');cp.spawn(process.execPath,['-e',${JSON.stringify(listen('0'))}],{stdio:'inherit'}).unref();
      ${listen('0', `(q,r)=>setTimeout(()=>r.end('front'),400)`)}`],
  ])('a server %s, not the service', async (_name, script) => {
    const target = await started(node(script));
    const found = await ready(target);
    expect(found.listenerPids).toEqual([target.pid]);
    expect(await (await fetch(found.url)).text()).toBe('front');
  });

  it('of two that a shell started, the one that asks the other, and says that there is another', async () => {
    const folder = scratch();
    const [inner, outer] = [await freePort(), await freePort()];
    writeFileSync(join(folder, 'inner.js'), listen(String(inner)));
    writeFileSync(join(folder, 'outer.js'), `const http=require('http');const agent=new http.Agent({keepAlive:true});${listen(String(outer), `(q,r)=>http.get('http://127.0.0.1:${inner}/',{agent},(a)=>a.pipe(r)).on('error',()=>r.end())`)}`);
    // The one that asks is the older one: only its connection tells.
    const target = await started(['sh', '-c', `${process.execPath} outer.js & sleep 0.1; ${process.execPath} inner.js & wait`], { cwd: folder });
    expect(await ready(target)).toMatchObject({ port: outer, alsoAnswer: [inner] });
  });

  it('a node cluster', async () => {
    const file = join(scratch(), 'server.js');
    writeFileSync(file, `const c=require('cluster');if(c.isPrimary){c.fork();c.fork()}else{${listen('0')}}`);
    const target = await started([process.execPath, file]);
    const found = await ready(target);
    // Round robin: the primary listens, the workers get connections from it.
    expect(found.listenerPids).toEqual([target.pid]);
    await until(() => target.tree.pids().length === 3, 'both workers');
    expect(await status(found.url)).toBe(200);
  });

  it.skipIf(!existsSync(GUNICORN))('gunicorn: master and workers', async () => {
    const folder = scratch();
    writeFileSync(join(folder, 'app.py'), `def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'ok']\n`);
    const port = await freePort();
    const target = await started([GUNICORN, '-w', '2', '-b', `127.0.0.1:${port}`, 'app:app'], { cwd: folder });
    const found = await ready(target);
    expect(found).toMatchObject({ port, address: '127.0.0.1' });
    const holders = await until(() => { const pids = listenerPids(target.tree.pids(), port); return pids.length === 3 && pids; }, 'workers');
    expect(holders[0]).toBe(target.pid);
    expect(new Set(target.tree.processes().map(({ runtime }) => runtime))).toEqual(new Set(['python']));
    await target.stop();
    expect(holders.filter(lives)).toEqual([]);
  }, 20_000);

  it.skipIf(!existsSync(GUNICORN))('gunicorn as a daemon, whose first process ends at once', async () => {
    const folder = scratch();
    writeFileSync(join(folder, 'app.py'), `def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'ok']\n`);
    const port = await freePort();
    const target = await started([GUNICORN, '-D', '-b', `127.0.0.1:${port}`, 'app:app'], { cwd: folder });
    const found = await ready(target);
    expect(target.hasExited()).toEqual({ code: 0, signal: null });
    expect(found.port).toBe(port);
    expect(found.listenerPids).not.toContain(target.pid);
    await target.stop();
    expect(found.listenerPids.filter(lives)).toEqual([]);
  }, 20_000);

  it('one that takes its time to listen', async () => {
    const target = await started(node(`setTimeout(()=>{${listen('0')}},300)`));
    expect((await ready(target)).listenerPids).toEqual([target.pid]);
  });

  it.each([['::1', '[::1]', '::1'], ['0.0.0.0', '127.0.0.1', '0.0.0.0'], ['127.0.0.3', '127.0.0.3', '127.0.0.3']])('one bound to %s', async (bind, host, address) => {
    const target = await started(node(HELLO), { env: { ...process.env, HOST: bind } });
    const found = await ready(target);
    expect(found).toMatchObject({ url: `http://${host}:${found.port}/`, address });
  });

  it('one bound to :: for IPv6 only', async () => {
    const target = await started(node(`require('http').createServer((q,r)=>r.end('ok')).listen({port:0,host:'::',ipv6Only:true})`));
    const found = await ready(target);
    expect(found.url).toBe(`http://[::1]:${found.port}/`);
  });

  it('the app and not the inspector, which listens first', async () => {
    const port = await freePort();
    const target = await started([process.execPath, `--inspect=127.0.0.1:${port}`, '-e', `setTimeout(()=>{${listen('0')}},1500)`]);
    expect((await ready(target)).port).not.toBe(port);
  });

  it('the port that speaks HTTP, of several', async () => {
    const target = await started(node(`
      require('net').createServer(s=>s.end('+PONG\\r\\n')).listen(0,'127.0.0.1',()=>
      require('net').createServer(()=>{}).listen(0,'127.0.0.1',()=>
      setTimeout(()=>require('http').createServer((q,r)=>r.end('ok')).listen(0,'127.0.0.1',function(){console.log('P'+this.address().port)}),300)))`));
    const found = await ready(target);
    await until(() => target.output().includes(`P${found.port}\n`), 'the port it told');
  });

  it('one that answers with another status than one that calls all bad', async () => {
    const target = await started(node(listen('0', '(q,r)=>{r.statusCode=400;r.end()}') + `setTimeout(()=>{
      require('http').createServer((q,r)=>{r.statusCode=503;r.end()}).listen(0,'127.0.0.1',function(){console.log('P'+this.address().port)})},400)`));
    const found = await ready(target);
    await until(() => target.output().includes(`P${found.port}\n`), 'the port it told');
  });

  it('one that calls all bad, when there is no other', async () => {
    const target = await started(node(listen('0', '(q,r)=>{r.statusCode=400;r.end()}')));
    expect(await status((await ready(target)).url)).toBe(400);
  });

  it('the port asked for, of several', async () => {
    const [one, two] = [await freePort(), await freePort()].sort((a, b) => a - b) as [number, number];
    const target = await started(node(listen(String(one)) + listen(String(two))));
    expect((await ready(target, { port: two })).port).toBe(two);
  });

  it('one that answers slowly: slower than the first patience', async () => {
    const target = await started(node(listen('0', `(q,r)=>setTimeout(()=>r.end('ok'),3000)`)));
    expect((await ready(target)).listenerPids).toEqual([target.pid]);
  }, 20_000);

  it('one that never ends its answer', async () => {
    const target = await started(node(listen('0', `(q,r)=>{r.write('x');setInterval(()=>r.write('x'),50)}`)));
    expect((await ready(target)).listenerPids).toEqual([target.pid]);
  });

  it.skipIf(!hasOpenssl)('one that speaks TLS, with a certificate that nobody signed', async () => {
    const target = await started(node(`const fs=require('fs');require('https').createServer({key:fs.readFileSync('key.pem'),cert:fs.readFileSync('cert.pem')},(q,r)=>r.end('ok')).listen(0,'127.0.0.1')`), { cwd: certificate() });
    const found = await ready(target);
    expect(found.url).toBe(`https://127.0.0.1:${found.port}/`);
  });

  it('a URL, with its path, whatever the status', async () => {
    const port = await freePort();
    const target = await started(node(listen(String(port), `(q,r)=>{console.log(q.method+' '+q.url);r.statusCode=404;r.end()}`)));
    const url = `http://localhost:${port}/a/b?c=1`;
    expect(await ready(target, { url, method: 'POST' })).toEqual({ url, port, address: '127.0.0.1', listenerPids: [target.pid], alsoAnswer: [] });
    await until(() => target.output().includes('POST /a/b?c=1'), 'the request');
  });
});
