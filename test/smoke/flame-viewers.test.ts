import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';

/** Each format is opened by a viewer that is not ours: speedscope, in Chromium, as `npx speedscope FILE` opens it. */
const require = createRequire(import.meta.url);
const viewer = path.join(path.dirname(require.resolve('speedscope/package.json')), 'dist/release/index.html');
const root = fileURLToPath(new URL('../../', import.meta.url));
const dir = mkdtempSync(path.join(tmpdir(), 'whyslow-viewers-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const hasChromium = spawnSync('chromium', ['--version']).status === 0;

function opened(file: string): string {
  const script = path.join(dir, 'load.js');
  writeFileSync(script, `speedscope.loadFileFromBase64(${JSON.stringify(path.basename(file))}, ${JSON.stringify(readFileSync(file).toString('base64'))})`);
  const { stdout } = spawnSync('chromium', [
    '--headless', '--no-sandbox', '--use-gl=swiftshader', '--enable-unsafe-swiftshader', '--allow-file-access-from-files', `--user-data-dir=${path.join(dir, 'chromium')}`,
    '--virtual-time-budget=3000', '--dump-dom', `${pathToFileURL(viewer).href}#localProfilePath=${script}&view=sandwich`,
  ], { encoding: 'utf8', timeout: 60_000, maxBuffer: 1e8 });
  return stdout.replace(/<(script|style)[^]*?<\/\1>/g, '').replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
}

it.skipIf(!hasChromium).each([['folded', 'folded'], ['speedscope', 'speedscope.json'], ['pprof', 'pb.gz'], ['cpuprofile', 'cpuprofile']])('%s: speedscope shows the hot function on top (skipped without Chromium)', (format, extension) => {
  const file = path.join(dir, `x.${extension}`);
  const { status, stderr } = spawnSync(process.execPath, [path.join(root, 'bin/whyslow.js'), 'flame', path.join(root, 'fixtures/runs/node-hot-function'), '--format', format, '-o', file], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  // Its table is sorted by self time.
  expect(opened(file)).toMatch(/Total Self Symbol Name [\d.,]+(?:ms)? \(7\d%\) [\d.,]+(?:ms)? \(69%\) editDistance/);
});
