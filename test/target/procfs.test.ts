import { describe, expect, it } from 'vitest';
import { childrenOf, isAlive, parseStat, readCmdline, readEnviron, readExe, readStat, scanProcesses } from '../../src/target/procfs.js';
import { cleanUpAfterEach, node, started, until } from './support.js';

// Captured by a Python process of two threads from its own /proc/self/stat, after prctl(PR_SET_NAME, "a) b (c"); kernel 6.18.
const SAMPLE = '11474 (a) b (c) R 11471 11471 4112 0 -1 4194304 1344 0 4 0 1 0 0 0 20 0 2 0 243702 91582464 2514 18446744073709551615 4321280 7148169 140730643239648 0 0 0 0 16781312 2 0 0 0 17 1 0 0 0 0 0 9723336 11027064 206143488 140730643245764 140730643245788 140730643245788 140730643247079 0\n';

describe('parseStat', () => {
  it('reads the fields around a name with spaces and parentheses', () => {
    expect(parseStat(SAMPLE)).toEqual({
      pid: 11474, comm: 'a) b (c', state: 'R', ppid: 11471, pgrp: 11471, session: 4112,
      threads: 2, cpuTicks: 1, startTicks: 243702, execMark: 'a) b (c 140730643239648',
    });
  });

  it.each(['', '12', '12 (node', '12 (node) ', '12 (node) S 1 2', 'x (node) S 1 2 3 4', ') 12 (', SAMPLE.slice(0, 60)])('is null for %j', (text) => {
    expect(parseStat(text)).toBeNull();
  });

  it('tells an ended process from one whose first thread ended', () => {
    const stat = parseStat(SAMPLE);
    if (stat === null) throw new Error('sample');
    expect(isAlive({ ...stat, state: 'Z', threads: 1 })).toBe(false);
    expect(isAlive({ ...stat, state: 'Z', threads: 3 })).toBe(true);
  });
});

describe('readers', () => {
  cleanUpAfterEach();

  it('read this very process', () => {
    expect(readStat(process.pid)).toMatchObject({ pid: process.pid, ppid: process.ppid });
    expect(readExe(process.pid)).toBe(process.execPath);
    expect(readEnviron(process.pid)).toContain('PATH=');
  });

  it('see a child with hostile arguments and name', async () => {
    const target = await started(node(`process.title='a) S 1 (b';setInterval(()=>{},1e3)`, 'two words', '', 'new\nline'));
    const stat = await until(() => { const s = readStat(target.pid); return s?.comm.startsWith('a)') && s; }, 'title');
    expect(stat).toMatchObject({ comm: 'a) S 1 (b', ppid: process.pid, pgrp: target.pid, session: target.pid });
    expect(childrenOf(scanProcesses(), process.pid)).toContain(target.pid);
  });

  it('keep empty and odd arguments apart', async () => {
    const target = await started(node('setInterval(()=>{},1e3)', 'two words', '', 'new\nline'));
    // For an instant of the exec the program is the new one and its words are not there yet.
    await until(() => readExe(target.pid) === process.execPath && readCmdline(target.pid).length > 0, 'exec');
    expect(readCmdline(target.pid).slice(3)).toEqual(['two words', '', 'new\nline']);
  });

  it('answer with nothing for a process that is gone', async () => {
    const target = await started(['true']);
    await target.exited;
    expect(readStat(target.pid)).toBeNull();
    expect(readExe(target.pid)).toBeNull();
    expect(readCmdline(target.pid)).toEqual([]);
    expect(readEnviron(target.pid)).toBe('');
  });

  it('change the exec mark with every exec, even into the same program, and not before', async () => {
    const target = await started(['sh', '-c', 'sleep 0.3; exec sh -c "sleep 30; :"']);
    await until(() => readCmdline(target.pid)[2]?.startsWith('sleep 0.3'), 'first exec');
    const first = readStat(target.pid)?.execMark;
    expect(readStat(target.pid)?.execMark).toBe(first);
    await until(() => readCmdline(target.pid)[2]?.startsWith('sleep 30'), 'second exec');
    expect(readStat(target.pid)?.comm).toBe('sh');
    expect(readStat(target.pid)?.execMark).not.toBe(first);
  });
});
