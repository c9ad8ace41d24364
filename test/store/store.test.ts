import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadRun } from '../../src/store/load.js';
import { createRunDir, removeRunDir, writeManifest } from '../../src/store/save.js';
import type { Artifact } from '../../src/types.js';
import { manifestOf } from './manifest-of.js';

let scratch: string;
beforeEach(() => { scratch = mkdtempSync(join(tmpdir(), 'whyslow-store-test-')); });
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const proc: Artifact = { probe: 'proc', window: 'all', file: 'proc.ndjson' };

/** A whole saved run with one artifact; `change` edits the manifest before it is written. */
async function savedRun(change: (manifest: Record<string, unknown>) => void = () => undefined): Promise<string> {
  const { dir, artifactsDir } = await createRunDir(join(scratch, 'run'));
  writeFileSync(join(artifactsDir, proc.file), '{"pid":100}\nnaïve ✓\n');
  const manifest = manifestOf([proc]);
  change(manifest as unknown as Record<string, unknown>);
  await writeManifest(dir, manifest);
  return dir;
}

const failure = (dir: string): { message: string; exitCode: number } => {
  try {
    loadRun(dir);
  } catch (error) {
    return error as { message: string; exitCode: number };
  }
  throw new Error('it was read');
};

describe('a saved run', () => {
  it('comes back as it was written', async () => {
    const dir = await savedRun();
    const run = loadRun(dir);
    expect(run.manifest).toEqual(manifestOf([proc]));
    expect(run.text(proc)).toBe('{"pid":100}\nnaïve ✓\n');
  });

  it('reads a text on first use, and once', async () => {
    const dir = await savedRun();
    const run = loadRun(dir);
    writeFileSync(join(dir, 'artifacts', proc.file), 'later');
    expect(run.text(proc)).toBe('later');
    writeFileSync(join(dir, 'artifacts', proc.file), 'later still');
    expect(run.text(proc)).toBe('later');
  });

  it('reads artifacts in folders below artifacts/', async () => {
    const dir = await savedRun((manifest) => { manifest['artifacts'] = [{ ...proc, file: 'node/100.0.ndjson' }]; });
    mkdirSync(join(dir, 'artifacts', 'node'));
    writeFileSync(join(dir, 'artifacts', 'node', '100.0.ndjson'), 'x');
    expect(loadRun(dir).text({ ...proc, file: 'node/100.0.ndjson' })).toBe('x');
  });

  it('is read from a relative path and through a link to its folder', async () => {
    const dir = await savedRun();
    symlinkSync(dir, join(scratch, 'link'));
    expect(loadRun(join(scratch, 'link')).text(proc)).toContain('100');
  });
});

describe('createRunDir', () => {
  it('makes a folder of its own in the temporary folder that others cannot list', async () => {
    const { dir, artifactsDir } = await createRunDir(null);
    try {
      expect(dir.startsWith(join(tmpdir(), 'whyslow-'))).toBe(true);
      expect(readdirSync(artifactsDir)).toEqual([]);
      for (const made of [dir, artifactsDir]) expect(statSync(made).mode & 0o066).toBe(0);
    } finally {
      await removeRunDir(dir);
    }
    expect(existsSync(dir)).toBe(false);
  });

  it('takes an empty folder and makes missing parents', async () => {
    const empty = join(scratch, 'empty');
    mkdirSync(empty);
    expect((await createRunDir(empty)).dir).toBe(empty);
    expect((await createRunDir(join(scratch, 'a', 'b'))).artifactsDir).toBe(join(scratch, 'a', 'b', 'artifacts'));
  });

  it('refuses a folder that holds anything, and leaves it alone', async () => {
    writeFileSync(join(scratch, 'thesis.txt'), 'x');
    await expect(createRunDir(scratch)).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('not empty') });
    expect(readdirSync(scratch)).toEqual(['thesis.txt']);
  });

  it('refuses an earlier run', async () => {
    const dir = await savedRun();
    const before = readFileSync(join(dir, 'manifest.json'), 'utf8');
    await expect(createRunDir(dir)).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('an earlier run') });
    expect(readFileSync(join(dir, 'manifest.json'), 'utf8')).toBe(before);
  });

  it.each(['file', 'file/below'])('refuses %s where file is a file', async (path) => {
    writeFileSync(join(scratch, 'file'), 'x');
    await expect(createRunDir(join(scratch, path))).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('not a folder') });
  });
});

describe('removeRunDir', () => {
  it('removes a run', async () => {
    const dir = await savedRun();
    await removeRunDir(dir);
    expect(existsSync(dir)).toBe(false);
    await removeRunDir(dir);
  });

  it('leaves what is not of the run', async () => {
    const dir = await savedRun();
    writeFileSync(join(dir, 'notes.txt'), 'x');
    await removeRunDir(dir);
    expect(readdirSync(dir)).toEqual(['notes.txt']);
  });
});

describe('loadRun refuses, in one line,', () => {
  it('a folder without a manifest', () => {
    expect(failure(scratch)).toMatchObject({ exitCode: 2, message: `"${scratch}" is not a saved run: it has no manifest.json` });
  });

  it('a folder that does not exist', () => {
    expect(failure(join(scratch, 'no'))).toMatchObject({ exitCode: 2, message: expect.stringContaining('not a saved run') });
  });

  it.each([
    ['', 'not JSON'],
    ['{"schema":"whyslow-run/1","who', 'not JSON'],
    ['[]', 'not of whyslow'],
    ['null', 'not of whyslow'],
    ['{"name":"x"}', 'not of whyslow'],
    ['{"schema":"whyslow-run/1"}', 'no valid "whyslow"'],
    ['{"schema":"whyslow-run/2"}', 'another version ("whyslow-run/2"); this whyslow reads whyslow-run/1'],
  ])('the manifest %s', async (text, message) => {
    const dir = await savedRun();
    writeFileSync(join(dir, 'manifest.json'), text);
    expect(failure(dir)).toMatchObject({ exitCode: 2, message: expect.stringContaining(message) });
    expect(failure(dir).message).not.toContain('\n');
  });

  it.each([
    ['windows', [{ name: 'clean', startNs: '1', endNs: 2 }]],
    ['target', { command: ['x'], pid: 1 }],
    ['settings', {}],
    ['host', { cpus: 2.5, tools: {} }],
    ['generatorPids', ['1']],
    ['interrupted', undefined],
  ])('a damaged %s', async (key, value) => {
    const dir = await savedRun((manifest) => { manifest[key] = value; });
    expect(failure(dir)).toMatchObject({ exitCode: 2, message: expect.stringContaining(`no valid "${key}"`) });
  });

  it.each(['../manifest.json', '/etc/hostname', 'a/../../x', '', '.', 'a//b', 'x\0y'])('the artifact name %j', async (file) => {
    const dir = await savedRun((manifest) => { manifest['artifacts'] = [{ ...proc, file }]; });
    expect(failure(dir)).toMatchObject({ exitCode: 2, message: expect.stringContaining('outside of artifacts/') });
  });

  it('an artifact that is missing', async () => {
    const dir = await savedRun();
    rmSync(join(dir, 'artifacts', proc.file));
    expect(failure(dir)).toMatchObject({ exitCode: 2, message: `"${dir}" is not complete: "artifacts/proc.ndjson" is missing` });
  });

  it('an artifact that is a link or lies behind one', async () => {
    const dir = await savedRun((manifest) => { manifest['artifacts'] = [{ ...proc, file: 'etc/hostname' }]; });
    symlinkSync('/etc', join(dir, 'artifacts', 'etc'));
    expect(failure(dir).message).toContain('not a plain file of this run');
    rmSync(join(dir, 'artifacts', 'etc'));
    mkdirSync(join(dir, 'artifacts', 'etc'));
    symlinkSync('/etc/hostname', join(dir, 'artifacts', 'etc', 'hostname'));
    expect(failure(dir).message).toContain('not a plain file of this run');
  });
});
