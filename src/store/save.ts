import { chmod, mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { usageError } from '../errors.js';
import type { Manifest } from '../types.js';
import { artifactsPath, manifestPath } from './layout.js';

export interface RunDir {
  /** Absolute. */
  dir: string;
  /** Exists and is empty. */
  artifactsDir: string;
}

/**
 * For others: nothing. As root the target may run as, or change to, another account, whose runtime probe must reach
 * its files by name; listing the folder stays refused.
 */
const dirMode = (): number => (process.geteuid?.() === 0 ? 0o711 : 0o700);

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'error';

/**
 * Makes the folder of a new run: `path` as the user gave it, or a fresh one in the system's temporary folder.
 * A folder that holds anything is refused, an earlier run as well: nothing is ever overwritten.
 */
export async function createRunDir(path: string | null): Promise<RunDir> {
  const dir = path === null ? await temporaryDir() : await givenDir(path);
  const artifactsDir = artifactsPath(dir);
  await mkdir(artifactsDir, { mode: dirMode() });
  return { dir, artifactsDir };
}

async function temporaryDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'whyslow-')); // 0700
  await chmod(dir, dirMode());
  return dir;
}

async function givenDir(path: string): Promise<string> {
  const dir = resolve(path);
  try {
    await mkdir(dir, { recursive: true, mode: dirMode() });
  } catch (error) {
    const why = codeOf(error);
    throw usageError(why === 'EEXIST' || why === 'ENOTDIR'
      ? `"${path}" is not a folder; name one that is new or empty`
      : `the folder "${path}" cannot be made (${why})`);
  }
  const held = await readdir(dir).catch((error: unknown) => {
    throw usageError(`the folder "${path}" cannot be read (${codeOf(error)})`);
  });
  if (held.includes('manifest.json')) throw usageError(`"${path}" holds an earlier run; name another folder, or remove it first`);
  if (held.length > 0) throw usageError(`"${path}" is not empty; name a folder that is new or empty`);
  return dir;
}

/** Last step of a run: a folder without a manifest is a run that never ended. */
export async function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  const file = manifestPath(dir);
  await writeFile(`${file}.new`, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Removes a run, and its folder unless something else has come to lie in it. */
export async function removeRunDir(dir: string): Promise<void> {
  await rm(artifactsPath(dir), { recursive: true, force: true });
  for (const file of [manifestPath(dir), `${manifestPath(dir)}.new`]) await rm(file, { force: true });
  await rmdir(dir).catch((error: unknown) => {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) throw error;
  });
}
