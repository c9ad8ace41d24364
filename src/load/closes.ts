import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** After its answer, a server that closes does so within this, ms. */
const CLOSE_MS = 150;

/** Whoever has not begun to answer one request by now is not judged, ms. */
const ANSWER_MS = 1000;

/** Asks once, over a connection to be kept: does the server answer and then end the connection in good order? */
export function closesAfterAnswer(url: string, request: Buffer): Promise<boolean> {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = protocol === 'https:'
      ? connectTls({ host, port: Number(port) || 443, rejectUnauthorized: false })
      : connect({ host, port: Number(port) || 80 });
    let answered = false;
    let timer = setTimeout(() => end(false), ANSWER_MS);
    const end = (closes: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(closes);
    };
    socket.write(request);
    socket.on('data', () => {
      answered = true;
      clearTimeout(timer);
      timer = setTimeout(() => end(false), CLOSE_MS);
    });
    socket.on('end', () => end(answered));
    socket.on('error', () => end(false));
  });
}
