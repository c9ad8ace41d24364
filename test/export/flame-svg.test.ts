import { describe, expect, it } from 'vitest';
import { flameSvg } from '../../src/export/flame-svg.js';
import { frame, profile, server, stack } from './stacks.js';

/** Width and title of every frame, the widest first. */
const frames = (svg: string): { width: number; title: string; fill: string }[] => [...svg.matchAll(/<title>([^<]*)<\/title><rect [^>]*width="([\d.]+)"[^>]*fill="([^"]+)"/g)]
  .map(([, title = '', width, fill = '']) => ({ title, width: Number(width), fill })).sort((a, b) => b.width - a.width);

describe('flameSvg', () => {
  it('gives every frame a title, and the hot function is the widest with time of its own', () => {
    const all = frames(flameSvg(server()));
    expect(all.map(({ title }) => title.split('\n')[0]).slice(0, 4)).toEqual(['all', '(program)', 'handle', 'renderRows']);
    expect(all[3]?.title).toBe('renderRows\n/srv/rows.js:4\njs\n750 ms, 83.3% of all; 7.50 ms a request\nitself 600 ms, 66.7%');
  });

  it('keeps hostile names text', () => {
    const svg = flameSvg(profile([stack([frame('main'), { name: '<script>alert(1)</script>\u001b[2J\u0000"&', kind: 'js', file: ']]>', line: 1 }], 5)]));
    expect(svg).not.toContain('<script');
    expect(svg).toContain('&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[2J\\x00&quot;&amp;');
    expect(svg).toContain(']]&gt;');
  });

  it('compares two runs by the request: red is more, blue is less', () => {
    const before = profile([stack('main;slow', 900), stack('main;same', 100)], { requests: 1000 });
    const now = profile([stack('main;slow', 20), stack('main;new', 100), stack('main;same', 10)], { requests: 100 });
    const fills = Object.fromEntries(frames(flameSvg(now, { other: before })).map(({ title, fill }) => [title.split('\n')[0], fill.match(/\d+/g)?.map(Number) ?? []]));
    expect(fills['slow']?.[2]).toBeGreaterThan((fills['slow']?.[0] ?? 0) + 50);
    expect(fills['new']?.[0]).toBeGreaterThan((fills['new']?.[2] ?? 0) + 50);
    expect(fills['same']).toEqual([226, 226, 226]);
  });

  it('takes an empty profile', () => {
    expect(frames(flameSvg(profile([]))).map(({ title }) => title.split('\n')[0])).toEqual(['all']);
  });
});
