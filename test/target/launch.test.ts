import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCmdline, readExe, readStat } from '../../src/target/procfs.js';
import { cleanUpAfterEach, inSession, isRoot, launched, lives, node, scratch, started, until } from './support.js';

const SLEEP = 'setInterval(()=>{},1e3)';

describe('launchTarget', () => {
  cleanUpAfterEach();

  it('starts stopped in a group of its own, and keeps the pid through exec', async () => {
    const target = await launched(node(SLEEP));
    expect(readStat(target.pid)).toMatchObject({ state: 'T', pgrp: target.pid, session: target.pid });
    expect(readExe(target.pid)).not.toBe(process.execPath);
    target.resume();
    await until(() => readExe(target.pid) === process.execPath, 'exec');
    expect(target.hasExited()).toBeNull();
    target.resume();
  });

  it('hands on words and environment as they are, and no more than a marker', async () => {
    const env = { PATH: process.env['PATH'], 'odd.name-1': 'x y', PLAIN: '$(id) "`' };
    const target = await started(node(`console.log(JSON.stringify([process.argv.slice(1),process.env]))`, '$(id)', '', 'a b', '-x'), { env });
    await target.exited;
    await target.outputEnd(1000);
    const [argv, seen] = JSON.parse(target.output()) as [string[], Record<string, string>];
    expect(argv).toEqual(['$(id)', '', 'a b', '-x']);
    expect(seen).toMatchObject(env);
    const extra = Object.keys(seen).filter((name) => !(name in env));
    // PWD, SHLVL: the shell that waits for us sets them.
    expect(extra.filter((name) => !['PWD', 'SHLVL', 'OLDPWD', '_'].includes(name))).toEqual(['WHYSLOW_RUN']);
  });

  it('keeps stdout and stderr, in bounded memory, and never stalls the writer', async () => {
    const target = await started(node(`
      const line = 'x'.repeat(1023) + '\\n'; let n = 0;
      const more = () => { while (n++ < 20000) if (!process.stdout.write(line)) return process.stdout.once('drain', more); console.error('the end €'); };
      more();`));
    expect(await target.exited).toEqual({ code: 0, signal: null });
    await target.outputEnd(2000);
    // stdout and stderr are two pipes: which comes last is open.
    expect(target.output()).toContain('the end €\n');
    expect(Buffer.byteLength(target.output())).toBeLessThanOrEqual(64 * 1024);
    expect(Buffer.byteLength(target.output())).toBeGreaterThan(60 * 1024);
  });

  it('tells how the root ended', async () => {
    expect(await (await started(node('process.exit(7)'))).exited).toEqual({ code: 7, signal: null });
    const killed = await started(node(`process.kill(process.pid,'SIGKILL')`));
    expect(await killed.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(killed.hasExited()).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('runs a script without a #! line, as a shell would', async () => {
    const file = join(scratch(), 'run');
    writeFileSync(file, 'echo from script $1\n', { mode: 0o755 });
    const target = await started([file, 'x']);
    await target.exited;
    await target.outputEnd(1000);
    expect(target.output()).toBe('from script x\n');
  });

  it('runs in the folder asked for, relative commands included', async () => {
    const folder = scratch();
    writeFileSync(join(folder, 'run'), '#!/bin/sh\npwd\n', { mode: 0o755 });
    const target = await started(['./run'], { cwd: folder });
    await target.exited;
    await target.outputEnd(1000);
    expect(target.output().trim()).toBe(folder);
  });

  it('finds the command without failed execs on the way', async () => {
    const target = await launched(['sleep', '60'], { env: { PATH: `/nonexistent:${process.env['PATH'] ?? ''}` } });
    expect(readCmdline(target.pid).at(-2)).toMatch(/^\/.*\/sleep$/);
  });

  describe('refuses, with exit code 3 and one line,', () => {
    it.each([
      ['a command that is not in PATH', 'whyslow-no-such-command', 'cannot start "whyslow-no-such-command": not found in PATH'],
      ['a path that is not there', '/nonexistent/run', 'cannot start "/nonexistent/run": no such file'],
      ['a folder', '/usr/bin/', 'cannot start "/usr/bin/": it is a directory'],
      ['an empty name', '', 'cannot start "": not found in PATH'],
    ])('%s', async (_what, command, message) => {
      await expect(launched([command])).rejects.toMatchObject({ message, exitCode: 3 });
    });

    it('a file that is not executable, by path and in PATH', async () => {
      const folder = scratch();
      writeFileSync(join(folder, 'app'), 'echo');
      chmodSync(join(folder, 'app'), 0o644);
      await expect(launched([join(folder, 'app')])).rejects.toMatchObject({ message: `cannot start "${join(folder, 'app')}": permission denied (not executable)`, exitCode: 3 });
      await expect(launched(['app'], { env: { PATH: folder } })).rejects.toMatchObject({
        message: `cannot start "app": permission denied (${join(folder, 'app')} is not executable)`, exitCode: 3,
      });
      mkdirSync(join(folder, 'dir', 'app'), { recursive: true });
      await expect(launched(['app'], { env: { PATH: join(folder, 'dir') } })).rejects.toMatchObject({ message: 'cannot start "app": not found in PATH' });
    });

    it('a folder that is not there', async () => {
      await expect(launched(['true'], { cwd: '/nonexistent' })).rejects.toMatchObject({ message: 'cannot start "true": no folder "/nonexistent"', exitCode: 3 });
    });

    it('more words than the kernel takes', async () => {
      await expect(launched(['true', 'x'.repeat(1 << 20)])).rejects.toMatchObject({ exitCode: 3, message: expect.stringMatching(/^cannot start "true": /) as string });
    });
  });

  it('takes no command as wrong use', async () => {
    await expect(launched([])).rejects.toMatchObject({ exitCode: 2 });
  });
});

describe('stop', () => {
  cleanUpAfterEach();

  it('ends a target that never ran: not one instruction of it', async () => {
    const file = join(scratch(), 'ran');
    const target = await launched(['touch', file]);
    expect(await target.stop()).toEqual([]);
    expect(lives(target.pid)).toBe(false);
    await expect(import('node:fs').then(({ existsSync }) => existsSync(file))).resolves.toBe(false);
  });

  it('asks first: a handler of SIGTERM gets its time', async () => {
    const target = await started(node(`process.on('SIGTERM',()=>setTimeout(()=>{console.log('bye');process.exit(0)},200));console.log('up');${SLEEP}`));
    await until(() => target.output().includes('up'), 'up');
    await target.stop();
    expect(target.hasExited()).toEqual({ code: 0, signal: null });
    expect(target.output()).toContain('bye');
  });

  it('kills what ignores SIGTERM, after the grace and not before', async () => {
    const target = await started(node(`process.on('SIGTERM',()=>console.log('no'));console.log('up');${SLEEP}`));
    await until(() => target.output().includes('up'), 'up');
    const startMs = performance.now();
    expect(await target.stop(400)).toEqual([]);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(390);
    expect(target.hasExited()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(target.output().match(/no/g)).toHaveLength(1);
  });

  it('ends children that left the group, stopped ones, and stubborn ones', async () => {
    const target = await started(['sh', '-c', `
      setsid sh -c 'trap "" TERM; sleep 61 & wait; sleep 62' &
      setsid sh -c 'kill -s STOP $$; sleep 63' &
      trap '' TERM; sleep 64; sleep 65`]);
    const seen = await until(() => {
      const stats = target.tree.refresh();
      return stats.some(({ state }) => state === 'T') && stats.filter(({ comm }) => comm === 'sleep').length === 2 && stats;
    }, 'all up');
    expect(new Set(seen.map(({ pgrp }) => pgrp)).size).toBe(3);
    expect(await target.stop(300)).toEqual([]);
    expect(seen.filter(({ pid }) => lives(pid))).toEqual([]);
    expect(inSession(target.pid)).toEqual([]);
  });

  it('gets hold of a target that forks while it is being stopped', async () => {
    const target = await started(['sh', '-c', `trap '' TERM; while :; do sleep 0.05; sh -c 'sleep 60' & done`]);
    await until(() => target.tree.pids().length > 4, 'forks');
    expect(await target.stop(200)).toEqual([]);
    expect(target.tree.pids()).toEqual([]);
  });

  it('is idempotent, also at once, also for what ended by itself', async () => {
    const target = await started(node(SLEEP));
    expect(await Promise.all([target.stop(), target.stop(), target.stop(0)])).toEqual([[], [], []]);
    expect(await target.stop()).toEqual([]);
    const ended = await started(['true']);
    await ended.exited;
    expect(await ended.stop()).toEqual([]);
  });
});

describe.skipIf(!isRoot)('user', () => {
  cleanUpAfterEach();

  it('runs as the account, groups and home included', async () => {
    const target = await started(['/bin/sh', '-c', 'id -u; id -g; id -G; echo $HOME $USER $LOGNAME; kill -s STOP $$'], { user: 'nobody' });
    await until(() => target.output().includes('nobody nobody'), 'output');
    expect(target.output()).toBe('65534\n65534\n65534\n/nonexistent nobody nobody\n');
    expect(await target.stop()).toEqual([]);
    expect(lives(target.pid)).toBe(false);
  });

  it('is stopped before the first exec after the change of user', async () => {
    const target = await launched(['sleep', '60'], { user: 'nobody' });
    expect(readStat(target.pid)).toMatchObject({ state: 'T', comm: 'sh', pgrp: target.pid });
  });

  it('refuses an unknown account as wrong use', async () => {
    await expect(launched(['true'], { user: 'whyslow-nobody' })).rejects.toMatchObject({ message: 'unknown user "whyslow-nobody"', exitCode: 2 });
    await expect(launched(['true'], { user: '--help' })).rejects.toMatchObject({ exitCode: 2 });
  });
});
