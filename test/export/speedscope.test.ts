import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Ajv } from 'ajv';
import { expect, it } from 'vitest';
import { speedscope } from '../../src/export/speedscope.js';
import { frame, HOSTILE, OPTIONS, profileOf } from './profiles.js';

/** speedscope's own schema; its viewer reads the file in test/smoke. */
const schema = JSON.parse(readFileSync(path.join(path.dirname(createRequire(import.meta.url).resolve('speedscope/package.json')), 'dist/release/file-format-schema.json'), 'utf8')) as object;
const isValid = new Ajv({ strict: false }).compile(schema);

interface File { name: string; profiles: { name: string; unit: string; endValue: number; samples: number[][]; weights: number[] }[]; shared: { frames: { name: string; file?: string; line?: number }[] } }
const read = (text: string): File => JSON.parse(text) as File;

it('keeps to speedscope\'s schema: frames once, a profile a thread, the heaviest first', () => {
  const { stacks, ...rest } = profileOf([[[frame('main'), frame('render')], 600], [[frame('main')], 10]]);
  const other = { ...stacks[0]!, tid: 72, thread: 'worker', weightNs: 900e6 };
  const file = read(speedscope({ ...rest, stacks: [...stacks, other] }, OPTIONS));
  expect(isValid(file)).toBe(true);
  expect(file.profiles.map((p) => [p.name, p.endValue, p.samples.length])).toEqual([['worker 72', 900e6, 1], ['node 71', 610e6, 2]]);
  expect(file.shared.frames).toEqual([{ name: 'main', file: '/srv/app/lib/x.js', line: 12 }, { name: 'render', file: '/srv/app/lib/x.js', line: 12 }]);
  for (const p of file.profiles) expect(p.weights.reduce((a, b) => a + b, 0)).toBe(p.endValue);
});

it('stays harmless with hostile names', () => {
  const file = read(speedscope(profileOf(HOSTILE.map((name) => [[frame(name, { file: name })], 1])), { ...OPTIONS, title: HOSTILE[0]! }));
  expect(isValid(file)).toBe(true);
  for (const text of [file.name, ...file.shared.frames.flatMap((f) => [f.name, f.file ?? ''])]) {
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
    expect(text.length).toBeLessThan(500);
  }
});
