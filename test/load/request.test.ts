import { describe, expect, it } from 'vitest';
import { requestBytes } from '../../src/load/request.js';
import { loadSettings } from './drive.js';

const text = (url: string, over = {}) => requestBytes(url, loadSettings(over)).toString();

describe('requestBytes', () => {
  it('writes one request', () => {
    expect(text('http://u:p%40@127.0.0.1:80/a b?c#d')).toBe(
      'GET /a%20b?c HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\nAuthorization: Basic dTpwQA==\r\n\r\n');
  });

  it('lets given headers win, but not against --no-keep-alive', () => {
    const headers = [['host', 'h'], ['connection', 'x'], ['content-length', '9'], ['X', '1'], ['X', '2']];
    expect(text('http://127.0.0.1:1/', { headers, body: 'a' })).toBe(
      'GET / HTTP/1.1\r\nhost: h\r\nconnection: x\r\ncontent-length: 9\r\nX: 1\r\nX: 2\r\n\r\na');
    expect(text('http://127.0.0.1:1/', { headers: [['connection', 'x']], keepAlive: false })).toBe('GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\n\r\n');
  });

  it.each([
    { method: 'GET /x' }, { method: 'NOPE' }, { method: 'CONNECT' },
    { headers: [['A\r\nB', 'x']] }, { headers: [['A', 'x\r\nB: y']] }, { headers: [['', 'x']] }, { headers: [['A', '\0']] },
  ])('refuses %j', (over) => { expect(() => text('http://127.0.0.1:1/', over)).toThrow(expect.objectContaining({ exitCode: 2 })); });
});
