import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { ProbeContext } from '../../src/gather/probe.js';
import { spawned, type Spawned } from './spawned.js';

/**
 * Answers; looks in vain for 7 files when asked for /miss, and burns 80 ms when asked for /stall. Says its port.
 * One thread: V8's main thread waits now and then for its helpers, for 0.1 ms on a futex, and a stall that sleeps is two stretches.
 */
const SERVER = `
const fs = require('fs');
const missing = ['a,b,3', 'café', 'new\\nline "quoted" \\\\', 'y'.repeat(300), 'd', 'e/f', 'g'];
require('http').createServer((request, response) => {
  if (request.url === '/miss') for (const name of missing) try { fs.statSync('/nonexistent/' + name); } catch {}
  if (request.url === '/stall') for (const end = process.hrtime.bigint() + 80000000n; process.hrtime.bigint() < end;);
  response.end('hello');
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`;

export async function server(): Promise<Spawned & { port: number; ask(path: string): Promise<void> }> {
  const child = spawned(process.execPath, ['--single-threaded', '-e', SERVER]);
  const [said] = await once(child.child.stdout as NodeJS.EventEmitter, 'data') as [Buffer];
  const port = Number(said);
  const ask = (path: string) => new Promise<void>((resolve, reject) => {
    get({ port, host: '127.0.0.1', path, agent: false }, (response) => response.resume().once('end', resolve)).once('error', reject);
  });
  return { ...child, port, ask };
}

/** bpftrace processes of our making, by the pid they watch, which is among their arguments. */
export const bpftracesOf = (watched: number): number[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return args.includes('bpftrace') && args.includes(String(watched));
  } catch {
    return false;
  }
});

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const RUNNER = `
const [module, name, window, started, pid, port, dir] = process.argv.slice(2);
const probe = (await import('./src/gather/' + module + '.js'))[name];
const ctx = { host: { arch: process.arch }, rootPid: +pid, pids: () => [+pid], generatorPids: () => [], connections: 50, answersCounted: false, gentle: false, port: +port, dir };
const prepared = await probe.prepare(ctx, window);
if (started === 'started') await prepared.start();
process.send('ready');
setInterval(() => {}, 1000);
`;

/** A probe in a process of its own, which can be killed as whyslow can. */
export async function inOwnProcess(module: string, name: string, window: string, started: 'started' | 'prepared', ctx: ProbeContext): Promise<{ kill(): Promise<void> }> {
  const root = mkdtempSync(join(tmpdir(), 'whyslow-test-'));
  for (const folder of ['probes', 'node_modules']) symlinkSync(join(ROOT, folder), join(root, folder));
  const sources = ['', 'gather', 'target'].flatMap((folder) => readdirSync(join(ROOT, 'src', folder)).filter((f) => f.endsWith('.ts')).map((f) => join('src', folder, f)));
  for (const file of sources) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    const { outputText } = ts.transpileModule(readFileSync(join(ROOT, file), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
    });
    writeFileSync(join(root, file.replace(/\.ts$/, '.js')), outputText);
  }
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'run.js'), RUNNER);
  const child = fork(join(root, 'run.js'), [module, name, window, started, String(ctx.rootPid), String(ctx.port ?? 0), ctx.dir], { execArgv: [] });
  const ended = once(child, 'exit');
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(root, { recursive: true, force: true });
  };
  if (await Promise.race([once(child, 'message').then(() => true), ended.then(() => false)])) return { kill };
  await kill();
  throw new Error('the probe did not get ready');
}
