import { expect, it } from 'vitest';
import { cpuprofile } from '../../src/export/cpuprofile.js';
import { parseCpuProfile } from '../../src/parse/cpuprofile.js';
import { functionTimes } from '../../src/parse/cpuprofile-times.js';
import { frame, HOSTILE, profileOf } from './profiles.js';

interface Raw { nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number }; hitCount: number; children: number[] }[]; samples: number[]; timeDeltas: number[]; startTime: number; endTime: number }
const raw = (text: string): Raw => JSON.parse(text) as Raw;

it('is a tree with a sample a stack; lines count from 0', () => {
  const text = cpuprofile(profileOf([[[frame('main'), frame('render')], 600], [[frame('main')], 10], [[frame('other')], 30]]));
  const { nodes, samples, timeDeltas, endTime } = raw(text);
  expect(nodes.map((n) => [n.id, n.callFrame.functionName, n.callFrame.lineNumber, n.children])).toEqual([[1, '(root)', -1, [2, 4]], [2, 'main', 11, [3]], [3, 'render', 11, []], [4, 'other', 11, []]]);
  expect([samples, timeDeltas, endTime]).toEqual([[2, 3, 4], [0, 10_000, 600_000], 640_000]);
  const times = functionTimes(parseCpuProfile(text));
  expect(times.functions.map((f) => [f.frame.name, f.selfNs / 1e6, f.totalNs / 1e6])).toEqual([['render', 600, 600], ['other', 30, 30], ['main', 10, 610]]);
});

it('has a branch for each thread where there are several', () => {
  const { stacks, ...rest } = profileOf([[[frame('f')], 1]]);
  const { nodes } = raw(cpuprofile({ ...rest, stacks: [...stacks, { ...stacks[0]!, tid: 72 }] }));
  expect(nodes.map((n) => n.callFrame.functionName)).toEqual(['(root)', 'node 71', 'f', 'node 72', 'f']);
});

it('stays a whole profile with hostile names and stacks of 20,000 calls', () => {
  const deep = Array.from({ length: 20_000 }, (_, i) => frame(`f${String(i)}`));
  const text = cpuprofile(profileOf([...HOSTILE.map((name): [ReturnType<typeof frame>[], number] => [[frame(name, { file: name })], 1]), [deep, 5]]));

  expect(parseCpuProfile(text).samples).toHaveLength(HOSTILE.length + 1);
  for (const { callFrame } of raw(text).nodes) expect(callFrame.functionName + callFrame.url).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
});
