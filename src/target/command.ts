import { access, constants, stat } from 'node:fs/promises';
import { delimiter, resolve } from 'node:path';
import { targetError, type WhyslowError } from '../errors.js';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

type Verdict = 'ok' | 'missing' | 'directory' | 'not-executable';

async function judge(file: string): Promise<Verdict> {
  try {
    if ((await stat(file)).isDirectory()) return 'directory';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'not-executable' : 'missing';
  }
  // For root X_OK asks that anyone may execute it, which is what the kernel asks as well.
  return access(file, constants.X_OK).then(() => 'ok' as const, () => 'not-executable' as const);
}

const cannotStart = (name: string, why: string): WhyslowError => targetError(`cannot start "${name}": ${why}`);

/**
 * The file that a shell would run for `name`: absolute when found in PATH, as given when it holds a slash.
 * Found here and not by the shell that starts it, so that the search does not show as failed execs of the target.
 */
export async function resolveCommand(name: string, path: string | undefined, cwd: string): Promise<string> {
  if (name.includes('/')) {
    const verdict = await judge(resolve(cwd, name));
    if (verdict === 'ok') return name;
    if (verdict === 'missing') throw cannotStart(name, 'no such file');
    if (verdict === 'directory') throw cannotStart(name, 'it is a directory');
    throw cannotStart(name, 'permission denied (not executable)');
  }
  let denied: string | null = null;
  for (const folder of (path ?? DEFAULT_PATH).split(delimiter)) {
    const file = resolve(cwd, folder, name);
    const verdict = name === '' ? 'missing' : await judge(file);
    if (verdict === 'ok') return file;
    if (verdict === 'not-executable') denied ??= file;
  }
  throw cannotStart(name, denied === null ? 'not found in PATH' : `permission denied (${denied} is not executable)`);
}
