import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseOpenFilesLimit, usersOpenFiles } from '../../src/target/open-files.js';

describe('the limit on open files', () => {
  it('is read as the shell tells it', () => {
    const told = execFileSync('/bin/sh', ['-c', 'ulimit -S -n 321; ulimit -S -n; ulimit -H -n; cat /proc/self/limits'], { encoding: 'utf8' });
    const [soft, hard] = told.split('\n').map(Number);
    expect(parseOpenFilesLimit(told)).toEqual({ soft, hard: Number.isNaN(hard) ? Number.MAX_SAFE_INTEGER : hard });
    expect(parseOpenFilesLimit('Max open files            unlimited            unlimited            files')).toEqual({ soft: Number.MAX_SAFE_INTEGER, hard: Number.MAX_SAFE_INTEGER });
    expect(parseOpenFilesLimit('')).toBeNull();
  });

  it('is that of the shell that started Node, which raised its own', () => {
    const script = `
      import { usersOpenFiles } from ${JSON.stringify(new URL('../../dist/target/open-files.js', import.meta.url).href)};
      import { execFileSync } from 'node:child_process';
      console.log(usersOpenFiles(), execFileSync('/bin/sh', ['-c', 'ulimit -S -n'], { encoding: 'utf8' }).trim());
    `;
    // `; true` keeps the shell from replacing itself with node.
    const [seen, inherited] = execFileSync('/bin/sh', ['-c', 'ulimit -S -n 97; "$0" --input-type=module -e "$1"; true', process.execPath, script], { encoding: 'utf8' }).trim().split(' ');
    expect(Number(inherited)).toBeGreaterThan(97);
    expect(seen).toBe('97');
  });

  it('is null where nothing was raised, or nobody can be asked', () => {
    const soft = Number(execFileSync('/bin/sh', ['-c', 'ulimit -S -n'], { encoding: 'utf8' }));
    expect([null, soft].includes(usersOpenFiles()) || (usersOpenFiles() ?? 0) < soft).toBe(true);
    expect(usersOpenFiles(2 ** 22 + 1)).toBeNull();
  });
});
