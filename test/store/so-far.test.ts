import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { growingFiles, runsSoFar } from '../../src/store/so-far.js';
import { manifestOf } from './manifest-of.js';

let dir = '';
const at = (name: string) => join(dir, 'artifacts', name);
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whyslow-so-far-'));
  mkdirSync(join(dir, 'artifacts'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('growingFiles', () => {
  it('gives whole lines, each once', () => {
    const read = growingFiles(dir);
    expect(read('a')).toEqual({ text: '', fresh: false });
    writeFileSync(at('a'), 'one\ntw');
    expect(read('a')).toEqual({ text: 'one\n', fresh: true });
    appendFileSync(at('a'), 'o ü\n');
    expect(read('a')).toEqual({ text: 'two ü\n', fresh: false });
    expect(read('a').text).toBe('');
  });

  it('begins anew with another file of the name', () => {
    const read = growingFiles(dir);
    writeFileSync(at('a'), 'old\n');
    read('a');
    writeFileSync(at('b'), 'new\n');
    renameSync(at('b'), at('a'));
    expect(read('a')).toEqual({ text: 'new\n', fresh: true });
  });

  it('follows no link that the target laid there', () => {
    symlinkSync('/etc/passwd', at('a'));
    expect(growingFiles(dir)('a').text).toBe('');
  });
});

describe('runsSoFar', () => {
  it('shows one judgement one state of a file', () => {
    const runOf = runsSoFar(dir);
    const artifact = { probe: 'proc' as const, window: 'all' as const, file: 'a' };
    writeFileSync(at('a'), 'one\n');
    const first = runOf(manifestOf([artifact]));
    expect(first.text(artifact)).toBe('one\n');
    appendFileSync(at('a'), 'two\n');
    expect(first.text(artifact)).toBe('one\n');
    expect(runOf(manifestOf([artifact])).text(artifact)).toBe('one\ntwo\n');
  });
});
