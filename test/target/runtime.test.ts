import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readExe } from '../../src/target/procfs.js';
import { runtimeOf, runtimeOfExe, runtimeOfMaps } from '../../src/target/runtime.js';
import { cleanUpAfterEach, node, started, until } from './support.js';

const PYTHON = '/usr/bin/python3';

describe('runtimeOfExe', () => {
  it.each([
    ['/usr/bin/node', 'node'], ['/usr/bin/nodejs', 'node'], ['/opt/node-v22.1.0', 'node'], ['/usr/bin/node20', 'node'],
    ['/usr/bin/python3.11', 'python'], ['/usr/bin/python3.13t', 'python'], ['/usr/bin/python3-dbg', 'python'], ['/opt/pypy3.10-c', 'python'],
    ['/usr/bin/nodemon', 'native'], ['/home/node/server', 'native'], ['/usr/bin/node_exporter', 'native'],
    ['/usr/bin/nginx', 'native'], ['/opt/bun', 'native'], ['/usr/bin/node-gyp', 'native'],
  ])('%s is %s', (exe, runtime) => {
    expect(runtimeOfExe(exe)).toBe(runtime);
  });
});

describe('runtimeOfMaps', () => {
  const line = (path: string): string => `7f1c84000000-7f1c84021000 r-xp 00000000 fe:00 131 ${' '.repeat(20)}${path}\n`;
  it.each([
    [line('/usr/lib/libc.so.6') + line('/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0'), 'python'],
    [line('/usr/lib/x86_64-linux-gnu/libnode.so.108'), 'node'],
    [line('/usr/lib/libc.so.6'), 'native'],
    ['', 'native'],
  ])('case %#', (maps, runtime) => {
    expect(runtimeOfMaps(maps)).toBe(runtime);
  });
});

describe('runtimeOf', () => {
  cleanUpAfterEach();

  it('goes by the program, whatever the script or the title says', async () => {
    const target = await started(node(`process.title='python3';setInterval(()=>{},1e3)`));
    await until(() => readExe(target.pid) === process.execPath, 'exec');
    expect(runtimeOf(target.pid)).toBe('node');
    const shell = await started(['sh', '-c', 'sleep 30; exit', 'python3', 'node']);
    await until(() => !readExe(shell.pid)?.endsWith('node'), 'exec');
    expect(runtimeOf(shell.pid)).toBe('native');
  });

  it.skipIf(!existsSync(PYTHON))('knows Python', async () => {
    const target = await started([PYTHON, '-c', 'import time; time.sleep(30)']);
    await until(() => readExe(target.pid)?.includes('python'), 'exec');
    expect(runtimeOf(target.pid)).toBe('python');
  });

  it('is native for the gone', () => {
    expect(runtimeOf(2 ** 22 + 1)).toBe('native');
  });
});
