import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourcePlaces } from '../../src/gather/source-places.js';
import { parseCpuProfile } from '../../src/parse/cpuprofile.js';
import { functionTimes } from '../../src/parse/cpuprofile-times.js';
import { parseSourcePlaces } from '../../src/parse/source-places.js';

const dir = mkdtempSync(path.join(tmpdir(), 'whyslow-maps-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const SOURCE = `interface Order { lines: number[] }

enum Kind { A, B }

export function priceOf(order: Order): number {
  let sum: number = 0;
  for (const line of order.lines) for (let i = 0; i < 3e5; i += 1) sum += Math.sqrt(line * i) % 7;
  return sum;
}

const until: number = Date.now() + 150;
while (Date.now() < until) priceOf({ lines: [1, 2, 3, Kind.B] });
`;

function compiled(over: ts.CompilerOptions): { code: string; map: string | undefined } {
  const { outputText, sourceMapText } = ts.transpileModule(SOURCE, { fileName: '../src/orders.ts', compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, sourceRoot: '../src', ...over } });
  return { code: outputText, map: sourceMapText };
}

/** V8's own profile of a script, as `node --cpu-prof` writes it. */
function profiled(script: string): string {
  const folder = mkdtempSync(path.join(dir, 'prof-'));
  const { status, stderr } = spawnSync(process.execPath, ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-name=x.cpuprofile', script], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } });
  expect(status, stderr).toBe(0);
  return readFileSync(path.join(folder, 'x.cpuprofile'), 'utf8');
}

function hottest(text: string): { name: string; file: string | null; line: number | null } {
  const saved = JSON.stringify(sourcePlaces(text, process.pid));
  const app = functionTimes(parseCpuProfile(text, parseSourcePlaces([saved]))).functions.find(({ frame }) => frame.origin === 'app');
  return { name: app?.frame.name ?? '', file: app?.frame.file ?? null, line: app?.frame.line ?? null };
}

beforeAll(() => {
  for (const folder of ['dist', 'src']) mkdirSync(path.join(dir, folder), { recursive: true });
});

describe('functions of a profile in the sources', () => {
  const script = path.join(dir, 'dist', 'orders.js');
  const expected = { name: 'priceOf', file: path.join(dir, 'src', 'orders.ts'), line: 5 };

  it('by a map beside the script', () => {
    const { code, map } = compiled({ sourceMap: true });
    writeFileSync(script, code.replace(/sourceMappingURL=.*/, 'sourceMappingURL=orders.js.map'));
    writeFileSync(`${script}.map`, map ?? '');
    expect(hottest(profiled(script))).toEqual(expected);
  });

  it('by a map within the script, which need not be there later', () => {
    writeFileSync(script, compiled({ inlineSourceMap: true }).code);
    const text = profiled(script);
    expect(hottest(text)).toEqual(expected);
    rmSync(script);
    expect(hottest(text)).toMatchObject({ file: script });
  });

  it('with their names from before they were minified', () => {
    // `priceOf` is `a` here; columns as terser writes them.
    const code = 'function a(b){let c=0;for(let i=0;i<9e5;i+=1)c+=Math.sqrt(b*i)%7;return c}const u=Date.now()+150;while(Date.now()<u)a(2);\n';
    const map = { version: 3, sources: ['webpack://shop/./src/orders.ts'], names: ['priceOf', 'order'], mappings: 'AAIO,SAASA,EAAQC' };
    const minified = path.join(dir, 'dist', 'bundle.js');
    writeFileSync(minified, `${code}//# sourceMappingURL=bundle.js.map\n`);
    writeFileSync(`${minified}.map`, JSON.stringify(map));
    expect(hottest(profiled(minified))).toEqual({ name: 'priceOf', file: 'webpack://shop/./src/orders.ts', line: 5 });
  });

  it.each([
    ['no map at all', ''], ['a map that is not there', '//# sourceMappingURL=gone.map\n'], ['one that is no map', '//# sourceMappingURL=bad.map\n'],
    ['one without sources', '//# sourceMappingURL=data:application/json,{}\n'],
  ])('stay as they are with %s', (_, link) => {
    writeFileSync(path.join(dir, 'dist', 'bad.map'), '{"version":3,"sources":');
    const plain = path.join(dir, 'dist', 'plain.js');
    writeFileSync(plain, `function spin(){let s=0;for(let i=0;i<1e6;i+=1)s+=i%7;return s}\nconst u=Date.now()+100;while(Date.now()<u)spin();\n${link}`);
    expect(hottest(profiled(plain))).toEqual({ name: 'spin', file: plain, line: 1 });
  });

  it('are not read from what anybody may have put into a run', () => {
    expect(parseSourcePlaces(['{', '7', '[{"url":1}]', 'null'])({ functionName: 'f', url: 'u', lineNumber: 1, columnNumber: 2 })).toEqual({ functionName: 'f', url: 'u', lineNumber: 1, columnNumber: 2 });
  });
});
