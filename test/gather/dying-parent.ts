/** Runs a probe in a process of its own, which can be killed as whyslow can. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { ProbeContext } from '../../src/gather/probe.js';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
/** What probes may import, besides libraries. */
const FOLDERS = ['gather', 'target', '.'];

const RUNNER = `
const [module, name, window, pid, port, dir] = process.argv.slice(2);
const { readHost } = await import('./gather/host.js');
const probe = (await import('./gather/' + module + '.js'))[name];
const ctx = { host: await readHost(), rootPid: +pid, pids: () => [+pid], generatorPids: () => [], connections: 50, answersCounted: false, gentle: false, port: +port || null, dir };
const prepared = await probe.prepare(ctx, window);
await prepared.start();
process.send('observing');
setInterval(() => {}, 1000);
`;

/** Node 20 runs no TypeScript: the folder's files with their types left out. */
function transpile(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from).filter((file) => file.endsWith('.ts'))) {
    const { outputText } = ts.transpileModule(readFileSync(join(from, name), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
    });
    writeFileSync(join(to, name.replace(/\.ts$/, '.js')), outputText);
  }
}

/** Resolves once the probe observes `ctx.rootPid`. */
export async function startInWhyslow(module: string, probe: string, window: string, ctx: ProbeContext) {
  const root = mkdtempSync(join(tmpdir(), 'whyslow-killed-'));
  for (const folder of FOLDERS) transpile(join(SRC, folder), join(root, folder));
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'run.js'), RUNNER);
  const whyslow = fork(join(root, 'run.js'), [module, probe, window, String(ctx.rootPid), String(ctx.port ?? 0), ctx.dir], { execArgv: [] });
  const ended = once(whyslow, 'exit');
  const kill = async (): Promise<void> => {
    whyslow.kill('SIGKILL');
    await ended;
    rmSync(root, { recursive: true, force: true });
  };
  const up = await Promise.race([once(whyslow, 'message').then(() => true), ended.then(() => false)]);
  if (!up) {
    await kill();
    throw new Error('the probe did not start');
  }
  return { kill, childrenNamed: (name: string) => childrenOf(whyslow.pid ?? 0).filter((pid) => nameOf(pid) === name) };
}

const childrenOf = (parent: number): number[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)
  .filter((pid) => new RegExp(`^PPid:\\s+${parent}$`, 'm').test(statusOf(pid)));

const nameOf = (pid: number): string | undefined => /^Name:\s+(.*)$/m.exec(statusOf(pid))?.[1];

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
