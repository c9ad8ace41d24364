import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { attachTarget } from '../../src/target/attach.js';
import { findTarget } from '../../src/target/find.js';
import { readStat } from '../../src/target/procfs.js';

const started: ChildProcess[] = [];
afterEach(() => { for (const child of started.splice(0)) child.kill('SIGKILL'); });

function start(command: string, ...args: string[]): number {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  return child.pid ?? 0;
}
const stateOf = (pid: number) => readStat(pid)?.state;
const until = async (met: () => boolean) => { while (!met()) await new Promise((resolve) => setTimeout(resolve, 10)); };

const LISTENER = 'const s = require("net").createServer().listen(0, "127.0.0.1", () => console.log(s.address().port))';

/** A Node process that listens on a port of its own. */
async function listener(): Promise<{ pid: number; port: number }> {
  const pid = start(process.execPath, '-e', LISTENER);
  const [said] = await once(started.at(-1)?.stdout ?? process.stdin, 'data') as [Buffer];
  return { pid, port: Number(String(said)) };
}

describe('whom to attach to', () => {
  it('by PID, named for good by its start', () => {
    const pid = start('sleep', '30');
    expect(findTarget(String(pid))).toEqual({ pid, startTicks: readStat(pid)?.startTicks, port: null });
  });

  it('by the port it listens on', async () => {
    const { pid, port } = await listener();
    expect(findTarget(`:${port}`)).toMatchObject({ pid, port });
  });

  it('by a port that master and workers share: the master', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'whyslow-find-'));
    const script = join(folder, 'server.js');
    writeFileSync(script, 'const c = require("cluster"); if (c.isPrimary) { c.fork(); c.fork(); c.on("listening", (_, a) => console.log(a.port)); } else require("http").createServer().listen(0, "127.0.0.1")');
    const pid = start(process.execPath, script);
    const [said] = await once(started.at(-1)?.stdout ?? process.stdin, 'data') as [Buffer];
    rmSync(folder, { recursive: true });
    expect(findTarget(`:${parseInt(String(said))}`)).toMatchObject({ pid });
  });

  it('by a name that one process has, and lists them where several do', async () => {
    const name = `sleeper-${process.pid}`;
    const one = start('bash', '-c', `exec -a ${name} sleep 30`);
    await until(() => readStat(one)?.comm === 'sleep');
    expect(findTarget(name)).toMatchObject({ pid: one });
    const two = start('bash', '-c', `exec -a ${name} sleep 31`);
    await until(() => readStat(two)?.comm === 'sleep');
    expect(() => findTarget(name)).toThrow(new RegExp(`several processes.*${one}.*${two}`));
  });

  it('refuses a zombie, a stopped one and one that is not there, each with its reason', async () => {
    const parent = start('bash', '-c', 'sleep 0.01 & exec sleep 30');
    await until(() => readStat(parent)?.comm === 'sleep');
    let zombie = 0;
    await until(() => {
      for (let pid = parent + 1; pid < parent + 200; pid++) if (readStat(pid)?.ppid === parent && stateOf(pid) === 'Z') zombie = pid;
      return zombie > 0;
    });
    expect(() => findTarget(String(zombie))).toThrow(/zombie/);

    const stopped = start('sleep', '30');
    process.kill(stopped, 'SIGSTOP');
    await until(() => stateOf(stopped) === 'T');
    expect(() => findTarget(String(stopped))).toThrow(/stopped.*kill -CONT/);

    expect(() => findTarget('4194305')).toThrow(/no process 4194305/);
    expect(() => findTarget('no-such-program')).toThrow(/no process is called/);
    expect(() => findTarget(':99999')).toThrow(/no port/);
  });

  it.skipIf(process.geteuid?.() !== 0)('by a port of another network namespace: says where it is', async () => {
    const pid = start('unshare', '-n', '--', 'sh', '-c', 'ip link set lo up; exec "$0" -e "$1"', process.execPath, LISTENER);
    const [said] = await once(started.at(-1)?.stdout ?? process.stdin, 'data') as [Buffer];
    expect(() => findTarget(`:${String(said).trim()}`)).toThrow(new RegExp(`another network namespace.*whyslow attach ${pid}`));
  });

  it('a PID that another process has by now is not attached to', () => {
    const pid = start('sleep', '30');
    const found = findTarget(String(pid));
    expect(() => attachTarget({ ...found, startTicks: found.startTicks - 1 }, null)).toThrow(/ended before/);
  });

  it.skipIf(process.geteuid?.() !== 0)('another user\'s process: one line that says so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'whyslow-find-'));
    try {
      const target = start('sleep', '30');
      await until(() => readStat(target)?.comm === 'sleep');
      // As nobody: compiled, in a folder that everyone may read.
      cpSync(resolve(import.meta.dirname, '../../dist'), join(folder, 'dist'), { recursive: true });
      writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
      chmodSync(folder, 0o755);
      const asked = spawnSync('setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, '--input-type=module', '-e',
        `import { findTarget } from '${folder}/dist/target/find.js'; try { findTarget('${target}'); } catch (e) { console.log(e.exitCode, e.message); }`], { encoding: 'utf8', cwd: '/' });
      expect(asked.stdout, asked.stderr).toMatch(/^2 process \d+ is another user's; run whyslow as root/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('says that nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    expect(() => findTarget(`:${port}`)).toThrow(/nobody listens/);
  });
});
