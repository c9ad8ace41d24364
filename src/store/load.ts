import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { usageError } from '../errors.js';
import type { Artifact, Run } from '../types.js';
import { artifactsPath, manifestPath } from './layout.js';
import { parseManifest } from './manifest.js';

/** Opens a saved run. All that can be wrong with the folder is told here, as one line; texts are read on first use. */
export function loadRun(dir: string): Run {
  const manifest = parseManifest(readText(manifestPath(dir), dir, 'manifest.json'), dir);
  for (const { file } of manifest.artifacts) assertOwnFile(file, dir);

  const texts = new Map<string, string>();
  return {
    manifest,
    text({ file }: Artifact): string {
      const known = texts.get(file);
      if (known !== undefined) return known;
      const text = readText(join(artifactsPath(dir), file), dir, `artifacts/${file}`);
      texts.set(file, text);
      return text;
    },
  };
}

function readText(path: string, dir: string, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (name === 'manifest.json' && (code === 'ENOENT' || code === 'ENOTDIR')) {
      throw usageError(`"${dir}" is not a saved run: it has no manifest.json`);
    }
    throw usageError(`"${dir}": ${name} cannot be read (${code ?? 'error'})`);
  }
}

/** Links could lead anywhere: only plain files below artifacts/ are read. */
function assertOwnFile(file: string, dir: string): void {
  const name = JSON.stringify(`artifacts/${file}`);
  let real: string;
  let plain: boolean;
  try {
    const path = join(artifactsPath(dir), file);
    plain = lstatSync(path).isFile();
    real = realpathSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw usageError(code === 'ENOENT' || code === 'ENOTDIR'
      ? `"${dir}" is not complete: ${name} is missing`
      : `"${dir}": ${name} cannot be read (${code ?? 'error'})`);
  }
  if (!plain || !real.startsWith(realpathSync(artifactsPath(dir)) + sep)) {
    throw usageError(`"${dir}": ${name} is not a plain file of this run`);
  }
}
