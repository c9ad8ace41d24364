import { fileURLToPath } from 'node:url';

/** A compiled script of this folder, to be run as a process; the same from src/ (tests) and from dist/. */
export const ownScript = (name: string): string => fileURLToPath(new URL(`../../dist/load/${name}.js`, import.meta.url));

/** Our environment for helpers of ours: what the user has Node preload is not for them. */
export function ownEnv(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  delete env['NODE_OPTIONS'];
  return env;
}
