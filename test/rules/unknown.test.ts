import { describe, expect, it } from 'vitest';
import { unknown } from '../../src/rules/unknown.js';
import { nodeHello, requests, thread, threads, type FactValues } from './facts.js';
import { diagnosis, finding } from './judge.js';

const idle: FactValues = { requests: requests(100, 300), threads: threads([thread(0.1)]) };

describe('unknown', () => {
  it('says what was seen and where to look next', () => {
    const f = finding(unknown, idle);
    expect(f.summary).toContain('300 requests a second');
    expect(f.advice.join('\n')).toContain('waits, without work');
    expect(f.advice.join('\n')).toContain('run the probe for');
  });

  it('is less sure the less was seen', () => {
    expect(finding(unknown, idle).confidence).toBeLessThan(finding(unknown, nodeHello()).confidence);
  });

  it('holds with nothing observed at all', () => {
    const result = diagnosis(unknown, {});
    expect(result).toMatchObject({ kind: 'finding', finding: { confidence: 0, evidence: [] } });
  });

  it('says that the CPU is out where that is all one knows', () => {
    expect(finding(unknown, { ...idle, threads: threads([thread(0.97, { systemShare: 0.2 })]) }).summary).toMatch(/out of CPU \(98% .* 79% /);
  });

  it('says that others hold the CPU', () => {
    const f = finding(unknown, { ...idle, threads: threads([thread(0.2, { runQueueShare: 0.6 })]) });
    expect(f.advice[0]).toContain('Others hold the CPU');
  });
});
