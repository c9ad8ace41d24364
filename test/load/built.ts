import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The load's own processes run from dist/: builds them when the sources are newer. */
export function buildLoad(): void {
  const sources = readdirSync(at('src/load')).filter((name) => name.endsWith('.ts'));
  const stale = sources.some((name) => {
    const built = statSync(at(`dist/load/${name.replace(/\.ts$/, '.js')}`), { throwIfNoEntry: false });
    return !built || built.mtimeMs < statSync(at(`src/load/${name}`)).mtimeMs;
  });
  if (!stale) return;
  try {
    execFileSync(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', at('tsconfig.build.json')], { stdio: 'pipe' });
  } catch {
    // tsc emits also where another part has a type error; the type check is a step of its own.
  }
}
