import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withoutServices } from '../../scripts/services.mjs';

let dir = '';
let file = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whyslow-policy-'));
  file = join(dir, 'policy-rc.d');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const answer = (): number => {
  try {
    execFileSync(file, ['nginx', 'start']);
    return 0;
  } catch (error) {
    return (error as { status: number }).status;
  }
};

it('forbids services to start while packages are installed, and only then', () => {
  expect(withoutServices(() => ({ code: answer(), mode: statSync(file).mode & 0o777 }), file)).toEqual({ code: 101, mode: 0o755 });
  expect(existsSync(file)).toBe(false);
});

it('is gone after an install that throws', () => {
  expect(() => withoutServices(() => { throw new Error('no'); }, file)).toThrow('no');
  expect(existsSync(file)).toBe(false);
});

it('leaves a policy that was there alone, and removes one that a killed set-up left', () => {
  writeFileSync(file, '#!/bin/sh\nexit 0\n');
  withoutServices(() => undefined, file);
  expect(readFileSync(file, 'utf8')).toBe('#!/bin/sh\nexit 0\n');

  rmSync(file);
  const ours = withoutServices(() => readFileSync(file, 'utf8'), file);
  writeFileSync(file, ours);
  withoutServices(() => undefined, file);
  expect(existsSync(file)).toBe(false);
});
