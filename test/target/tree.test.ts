import { existsSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { processTree } from '../../src/target/tree.js';
import { cleanUpAfterEach, HELLO, launched, lives, scratch, started, until } from './support.js';

const SLEEP = 'setInterval(()=>{},1e3)';
/** Forks twice and leaves the session, as daemons do; the middle process and the first one end at once. */
const DAEMON = `import os,time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
time.sleep(60)`;
const PYTHON = '/usr/bin/python3';

describe('processTree', () => {
  cleanUpAfterEach();

  it('follows children, grandchildren and execs', async () => {
    const target = await started(['sh', '-c', `sh -c 'sleep 60; :' & exec ${process.execPath} -e '${SLEEP}'`]);
    const names = await until(() => {
      const comms = target.tree.refresh().map(({ comm }) => comm).sort();
      return comms.join() === 'node,sh,sleep' && comms;
    }, 'tree');
    expect(names).toEqual(['node', 'sh', 'sleep']);
    expect(target.tree.pids()[0]).toBe(target.pid);
    const root = target.tree.processes().find(({ pid }) => pid === target.pid);
    expect(root).toMatchObject({ comm: 'node', runtime: 'node', ppid: process.pid, listens: false });
    expect(root?.cmdline[1]).toBe('-e');
  });

  it('remembers who has ended', async () => {
    const target = await started(['sh', '-c', 'sleep 0.2; sleep 60']);
    const first = await until(() => target.tree.refresh().find(({ comm }) => comm === 'sleep'), 'first child');
    await until(() => !lives(first.pid), 'its end');
    expect(target.tree.pids()).not.toContain(first.pid);
    expect(target.tree.processes().map(({ pid }) => pid)).toContain(first.pid);
  });

  it('keeps orphans of the session, though the root is gone', async () => {
    const target = await started(['sh', '-c', 'sleep 60 & sleep 60 & exit 0']);
    await target.exited;
    expect(target.tree.pids()).toHaveLength(2);
  });

  it.skipIf(!existsSync(PYTHON))('finds a daemon that left session and parents before anyone looked', async () => {
    const target = await launched([PYTHON, '-c', DAEMON]);
    target.resume();
    await target.exited;
    // Nothing but the root was ever seen: only its environment tells whose the daemon is.
    const daemon = await until(() => target.tree.refresh().find(({ pid, session }) => session !== target.pgid && pid !== session), 'daemon');
    expect(daemon.pid).not.toBe(target.pid);
    await target.stop(1000);
    expect(lives(daemon.pid)).toBe(false);
  });

  it('does not take a session it does not own (attach)', async () => {
    const target = await started(['sh', '-c', `sh -c 'sleep 60; :' & sleep 60`]);
    const inner = await until(() => target.tree.refresh().find(({ ppid, comm }) => ppid === target.pid && comm === 'sh'), 'inner shell');
    await until(() => target.tree.refresh().some(({ ppid }) => ppid === inner.pid), 'its child');
    const attached = processTree(inner.pid, null);
    const pids = attached.pids();
    expect(pids).toHaveLength(2);
    expect(pids).not.toContain(target.pid);
    // A second look must not spread through the shared session either.
    expect(attached.pids()).toEqual(pids);
  });

  it('never counts whyslow itself, even below what it attached to', () => {
    expect(processTree(process.ppid, null).pids()).not.toContain(process.pid);
  });

  it('is empty for a pid that does not live', () => {
    const tree = processTree(2 ** 22 + 1, null);
    expect(tree.pids()).toEqual([]);
    expect(tree.processes()).toEqual([]);
  });

  it('marks the listeners, and only them', async () => {
    const target = await started(['sh', '-c', `${process.execPath} -e "${HELLO.replaceAll('"', '')}"; :`]);
    const child = await until(() => target.tree.refresh().find(({ comm }) => comm === 'node'), 'node');
    target.tree.setListeners([child.pid]);
    expect(target.tree.processes().filter(({ listens }) => listens).map(({ pid }) => pid)).toEqual([child.pid]);
    target.tree.setListeners([]);
    expect(target.tree.processes().some(({ listens }) => listens)).toBe(false);
  });

  it('sees through a wrapper whose name is that of what it runs', async () => {
    // As pyenv's shims do: a shell script named node that execs the real one; the name in /proc stays the same.
    const file = `${scratch()}/node`;
    writeFileSync(file, `#!/bin/sh\nsleep 0.2\nexec ${process.execPath} "$@"\n`, { mode: 0o755 });
    const target = await started([file, '-e', SLEEP]);
    const runtime = (): string | undefined => {
      target.tree.refresh();
      return target.tree.processes().find(({ pid, comm }) => pid === target.pid && comm === 'node')?.runtime;
    };
    await until(() => runtime() === 'native', 'the shell');
    await until(() => runtime() === 'node', 'the real one');
  });
});
