import { fileURLToPath } from 'node:url';

/** A compiled script of ours, to be run as a process; the same from src/ (tests) and from dist/. */
export const ownScript = (name: string, folder: 'load' | 'gather' = 'load'): string =>
  fileURLToPath(new URL(`../../dist/${folder}/${name}.js`, import.meta.url));

/** Our environment for helpers of ours: what the user has Node preload is not for them. */
export function ownEnv(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  delete env['NODE_OPTIONS'];
  return env;
}
