import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { describe, expect, it } from 'vitest';
import { goLast, hurry, wait, whenIdle } from '../../src/gather/manners.js';
import { until } from './spawned.js';

// proc_pid_stat(5): nice is the 19th field, policy the 41st; the first after the name is the third.
const fieldOf = (pid: number, n: number) => Number(readFileSync(`/proc/${String(pid)}/stat`, 'utf8').split(') ')[1]?.split(' ')[n - 3]);
const SCHED_OTHER = 0;
const SCHED_IDLE = 5;

const groupOf = (pid: number): string => {
  const file = `/proc/${String(pid)}/autogroup`;
  return existsSync(file) ? (/nice (-?\d+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? '') : '';
};

// Back to the front takes a privilege.
describe.skipIf(process.geteuid?.() !== 0 || !existsSync('/usr/bin/chrt'))('a tool of ours on a full machine', () => {
  it('is like any other, until we go last: then it runs in idle time, its group as well, and is hurried when it is ready', async () => {
    expect(whenIdle()).toBeNull();
    goLast();
    expect(getPriority()).toBe(10);
    const [file = '', ...args] = [...whenIdle() ?? [], 'sleep', '60'];
    const child = spawn(file, args, { detached: true, stdio: 'ignore' });
    const pid = child.pid ?? 0;
    try {
      const hasGroups = groupOf(pid) !== '';
      wait(pid);
      await until('it runs in idle time', () => fieldOf(pid, 41) === SCHED_IDLE);
      if (hasGroups) expect(groupOf(pid)).toBe('19');

      await hurry(pid, -10);
      expect([fieldOf(pid, 41), fieldOf(pid, 19)]).toEqual([SCHED_OTHER, -10]);
      if (hasGroups) expect(groupOf(pid)).toBe('-10');
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
});
