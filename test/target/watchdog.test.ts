import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { afterEach, describe, expect, it } from 'vitest';
import { readCmdline, readStat, scanProcesses, isAlive } from '../../src/target/procfs.js';
import { cleanUpAfterEach, launched, lives, scratch, until } from './support.js';

const root = resolve(import.meta.dirname, '../..');

/** src/target as plain JavaScript in a folder of its own, for a whyslow that can be killed. */
function compiled(): string {
  const folder = scratch();
  mkdirSync(join(folder, 'target'));
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  const files = ['errors.ts', ...readdirSync(join(root, 'src/target')).map((name) => `target/${name}`)];
  for (const file of files) {
    const { outputText } = ts.transpileModule(readFileSync(join(root, 'src', file), 'utf8'), { compilerOptions });
    writeFileSync(join(folder, file.replace(/ts$/, 'js')), outputText);
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

const hosts: ChildProcess[] = [];
/** What a failing watchdog would leave behind. */
const strays: number[] = [];
const watched = (pids: number[]): number[] => {
  strays.push(...pids);
  return pids;
};

/** A process that launches the command as whyslow does; `after` is what it does then. Resolves with the target's pid. */
async function host(command: string[], after: string, perfMaps = false): Promise<{ child: ChildProcess; pid: number }> {
  const folder = compiled();
  writeFileSync(join(folder, 'host.js'), `
    import { launchTarget } from './target/launch.js';
    const target = await launchTarget({ command: ${JSON.stringify(command)}, env: process.env, user: null, perfMaps: ${String(perfMaps)} });
    ${after}
    console.log(target.pid);
    setInterval(() => {}, 1000);`);
  const child = spawn(process.execPath, [join(folder, 'host.js')], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  hosts.push(child);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await until(() => text.endsWith('\n'), 'launch');
  watched([Number(text)]);
  return { child, pid: Number(text) };
}

const watchdogsOf = (parent: number): number[] =>
  scanProcesses().filter((stat) => stat.ppid === parent && readCmdline(stat.pid)[3] === 'whyslow-watchdog').map((stat) => stat.pid);

describe('when whyslow is killed', () => {
  cleanUpAfterEach();
  afterEach(() => {
    for (const child of hosts.splice(0)) child.kill('SIGKILL');
    for (const pid of strays.splice(0)) if (lives(pid)) process.kill(pid, 'SIGKILL');
  });

  it('a target that never ran is ended, not left stopped', async () => {
    const { child, pid } = await host(['sleep', '60'], '');
    const watchdogs = watchdogsOf(child.pid ?? 0);
    expect(readStat(pid)?.state).toBe('T');
    expect(watchdogs).toHaveLength(1);
    child.kill('SIGKILL');
    await until(() => !lives(pid), 'end of the target');
    await until(() => !watchdogs.some(lives), 'end of the watchdog');
  });

  it('so are a stubborn one, its children, and those in other groups, also when our whole group dies', async () => {
    const script = `trap '' TERM; setsid sh -c 'trap "" TERM; sleep 66; sleep 66' & sleep 67; sleep 67`;
    const { child, pid } = await host(['sh', '-c', script], 'target.resume();');
    const tree = await until(() => {
      const members = scanProcesses().filter((stat) => stat.session === pid || stat.ppid === pid);
      const inner = members.filter((stat) => stat.session !== pid).map((stat) => stat.pid);
      const all = [...members.map((stat) => stat.pid), ...scanProcesses().filter((stat) => inner.includes(stat.ppid)).map((stat) => stat.pid)];
      return all.length >= 4 && watched(all);
    }, 'the tree');
    const watchdogs = watchdogsOf(child.pid ?? 0);
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await until(() => !tree.some(lives), 'end of the tree', 10_000);
    await until(() => !watchdogs.some(lives), 'end of the watchdog', 5000);
  }, 20_000);

  it.skipIf(!existsSync('/usr/bin/python3'))('so is a daemon that left the group', async () => {
    const daemon = `import os,time\nif os.fork(): time.sleep(60)\nos.setsid()\nif os.fork(): os._exit(0)\ntime.sleep(68) # ${randomUUID()}`;
    const { child, pid } = await host(['/usr/bin/python3', '-c', daemon], 'target.resume();');
    const found = await until(() => scanProcesses().find((stat) =>
      stat.session !== pid && stat.ppid !== pid && stat.pid !== stat.session && isAlive(stat) && readCmdline(stat.pid)[2] === daemon), 'daemon');
    watched([found.pid]);
    child.kill('SIGKILL');
    await until(() => !lives(found.pid) && !lives(pid), 'end of both');
  });

  it('the names that its runtime wrote for perf go with it, where we asked for them, and no others', async () => {
    for (const asked of [true, false]) {
      const { child, pid } = await host(['sleep', '60'], 'target.resume();', asked);
      const map = `/tmp/perf-${String(pid)}.map`;
      const watchdogs = watchdogsOf(child.pid ?? 0);
      writeFileSync(map, '');
      child.kill('SIGKILL');
      await until(() => !lives(pid) && !watchdogs.some(lives), 'end of both', 10_000);
      expect(existsSync(map)).toBe(!asked);
      rmSync(map, { force: true });
    }
  }, 20_000);

  it('by process.exit as well: nobody needs to have called stop', async () => {
    const { child, pid } = await host(['sleep', '60'], 'target.resume(); setTimeout(() => process.exit(0), 200);');
    const watchdogs = watchdogsOf(child.pid ?? 0);
    await until(() => child.exitCode === 0, 'exit of the host: nothing of ours keeps it');
    await until(() => !lives(pid) && !watchdogs.some(lives), 'end of both');
  });
});

describe('the watchdog', () => {
  cleanUpAfterEach();

  it('stands outside the group and the tree of the target, and goes with it', async () => {
    const target = await launched(['sleep', '60']);
    const mine = watchdogsOf(process.pid).map((pid) => readStat(pid)).filter((stat) => stat !== null);
    expect(mine.length).toBeGreaterThan(0);
    for (const stat of mine) {
      expect(stat.session).not.toBe(target.pgid);
      expect(stat.session).not.toBe(readStat(process.pid)?.session);
      expect(target.tree.pids()).not.toContain(stat.pid);
    }
    await target.stop();
    expect(watchdogsOf(process.pid).filter((pid) => mine.some((stat) => stat.pid === pid && lives(pid)))).toEqual([]);
  });

  it('is not left behind by a launch that fails', async () => {
    const before = watchdogsOf(process.pid).length;
    await expect(launched(['true', 'x'.repeat(1 << 20)])).rejects.toThrow();
    expect(watchdogsOf(process.pid)).toHaveLength(before);
  });
});
