import { appendFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { growingFile } from '../../src/store/growing-file.js';

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'whyslow-growing-')); });
afterEach(() => rmSync(dir, { recursive: true }));

describe('a file that grows', () => {
  it('gives whole lines, each once', () => {
    const file = join(dir, 'f');
    const news = growingFile(file);
    expect(news().text).toBe('');
    writeFileSync(file, 'one\ntw');
    expect(news()).toEqual({ text: 'one\n', fresh: true });
    expect(news()).toEqual({ text: '', fresh: false });
    appendFileSync(file, 'ö\nthree\n');
    expect(news()).toEqual({ text: 'twö\nthree\n', fresh: false });
  });

  it('is not followed to where a link leads that the target laid there', () => {
    writeFileSync(join(dir, 'secret'), 'root:x\n');
    symlinkSync(join(dir, 'secret'), join(dir, 'node.1.1.ndjson'));
    expect(growingFile(join(dir, 'node.1.1.ndjson'))().text).toBe('');
  });

  it('ends where it was told to', () => {
    const file = join(dir, 'f');
    writeFileSync(file, 'one\ntwo\nthree\n');
    const news = growingFile(file, 9);
    expect(news().text).toBe('one\ntwo\n');
    expect(news().text).toBe('');
  });
});
