import { describe, expect, it } from 'vitest';
import { outputRing } from '../../src/target/output-ring.js';

describe('outputRing', () => {
  it('keeps all of what is short', () => {
    const ring = outputRing(10);
    ring.push(Buffer.from('ab'));
    ring.push(Buffer.from('cd'));
    expect(ring.text()).toBe('abcd');
  });

  it.each([1, 2, 3, 7, 100])('keeps the last bytes, whatever the chunks (%i)', (size) => {
    const text = Array.from({ length: 200 }, (_, i) => String(i)).join(',');
    const ring = outputRing(32);
    for (let at = 0; at < text.length; at += size) ring.push(Buffer.from(text.slice(at, at + size)));
    expect(ring.text()).toBe(text.slice(-32));
  });

  it('drops the half of a character at the cut', () => {
    const ring = outputRing(4);
    ring.push(Buffer.from('€€'));
    expect(ring.text()).toBe('€');
    ring.push(Buffer.from('🦊'));
    expect(ring.text()).toBe('🦊');
  });

  it('leaves bytes that are no text to the decoder', () => {
    const ring = outputRing(8);
    ring.push(Buffer.from([0x80, 0x80, 0x41]));
    expect(ring.text()).toBe('\ufffd\ufffdA');
  });
});
