import { describe, expect, it } from 'vitest';
import { flameData } from '../../src/export/flame-data.js';
import { flameScale } from '../../src/export/flame-scale.js';
import { flameTree, type FlameNode } from '../../src/export/flame-tree.js';
import { profile, stack } from './stacks.js';

const MS = 1e6;

/** `name total/self` indented by depth. */
const drawn = (node: FlameNode, depth = 0): string[] => [
  `${' '.repeat(depth)}${node.frame.name} ${node.totalNs / MS}/${node.selfNs / MS}`, ...node.children.flatMap((child) => drawn(child, depth + 1)),
];

describe('flameTree', () => {
  it('merges stacks from the root, the heaviest first', () => {
    expect(drawn(flameTree(profile([stack('a;d', 1), stack('a;b;c', 3), stack('a;b', 1)])))).toEqual(['all 5/0', ' a 5/0', '  b 4/1', '   c 3/3', '  d 1/1']);
  });

  it('one function is one frame whatever line ran; functions without a name are told apart by it', () => {
    expect(drawn(flameTree(profile([stack('hot@python:/a.py:3', 2), stack('hot@python:/a.py:9', 2)])))).toEqual(['all 4/0', ' hot 4/4']);
    expect(drawn(flameTree(profile([stack('(anonymous)@js:/a.js:3', 2), stack('(anonymous)@js:/a.js:9', 1)])))).toEqual(['all 3/0', ' (anonymous) 2/2', ' (anonymous) 1/1']);
    expect(drawn(flameTree(profile([stack('read@js', 2), stack('read@kernel', 1)])))).toHaveLength(3);
  });

  it('sets threads apart where there are several', () => {
    const two = [stack('a', 2), stack('a', 1, { tid: 8, thread: 'worker' })];
    expect(drawn(flameTree(profile(two)))).toEqual(['all 3/0', ' node (7) 2/0', '  a 2/2', ' worker (7/8) 1/0', '  a 1/1']);
  });

  it('survives a very deep stack', () => {
    const deep = stack(Array.from({ length: 20_000 }, (_, at) => `f${at}`).join(';'), 5);
    expect(flameData(profile([deep]), {}).nodes).toHaveLength(20_001 * 3);
  });
});

describe('flameData', () => {
  const many = profile([stack('a;b', 900), ...Array.from({ length: 100 }, (_, at) => stack(`a;tiny${at}`, 1))]);

  it('keeps everything unless asked for less; then what is small is one frame, and no time is lost', () => {
    expect(flameData(many, {}).frames).toHaveLength(103);
    const { frames, nodes } = flameData(many, { minShare: 0.01 });
    expect(frames.map(([name]) => name)).toEqual(['all', 'a', 'b', '(100 smaller ones)']);
    expect(nodes.filter((_, at) => at % 3 === 2).reduce((sum, us) => sum + us, 0)).toBe(1e6);
  });
});

describe('flameScale', () => {
  it('goes by requests where both sides know them, else by seconds', () => {
    const [a, b] = [profile([], { requests: 10 }), profile([], { requests: null, durationNs: 5e9 })];
    expect(flameScale(a, a)).toEqual({ per: 'request', units: 10, otherUnits: 10 });
    expect(flameScale(a, b)).toEqual({ per: 'second', units: 1, otherUnits: 5 });
    expect(flameScale(b, null)).toEqual({ per: 'second', units: 5, otherUnits: 0 });
  });
});
