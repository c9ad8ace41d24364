import { spawnSync } from 'node:child_process';

/** @param {string} line */
export const say = (line) => void process.stdout.write(`${line}\n`);

/**
 * Runs a command to its end; its output goes where ours goes, unless `quiet`.
 * @param {string} command
 * @param {string[]} args
 * @param {{ quiet?: boolean, env?: NodeJS.ProcessEnv, timeoutS?: number }} [options]
 * @returns {{ ok: boolean, out: string }}
 */
export function exec(command, args, { quiet = false, env = process.env, timeoutS = 900 } = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    env, encoding: 'utf8', timeout: timeoutS * 1000, maxBuffer: 2 ** 26,
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
  });
  return { ok: status === 0, out: `${stdout ?? ''}${stderr ?? ''}${error ? `${error.message}\n` : ''}` };
}
