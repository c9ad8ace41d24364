/**
 * Addresses as /proc/net/tcp{,6} writes them: 32-bit words in the machine's own byte order, in hex.
 * https://docs.kernel.org/networking/proc_net_tcp.html
 *
 *   0100007F:1F90                          127.0.0.1 port 8080 (little endian)
 *   00000000000000000000000001000000:0050  ::1 port 80
 *   0000000000000000FFFF00000100007F:0050  ::ffff:127.0.0.1 -> 127.0.0.1
 */
import { endianness } from 'node:os';

const WORD = /[0-9A-F]{8}/g;

function bytesOf(hex: string, littleEndian: boolean): number[] {
  return (hex.match(WORD) ?? []).flatMap((word) => {
    const bytes = [0, 2, 4, 6].map((at) => Number.parseInt(word.slice(at, at + 2), 16));
    return littleEndian ? bytes.reverse() : bytes;
  });
}

function ipv6Text(bytes: number[]): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0)).toString(16));
  // URL knows RFC 5952 (the longest run of zeros becomes ::).
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

/** null when the text is no address. IPv4 mapped into IPv6 comes back as IPv4. */
export function parseAddress(text: string, littleEndian = endianness() === 'LE'): { address: string; port: number } | null {
  if (!/^([0-9A-F]{8}|[0-9A-F]{32}):[0-9A-F]{4}$/.test(text)) return null;
  const colon = text.indexOf(':');
  const bytes = bytesOf(text.slice(0, colon), littleEndian);
  const port = Number.parseInt(text.slice(colon + 1), 16);
  const mapped = bytes.length === 16 && bytes.slice(0, 10).every((b) => b === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (bytes.length === 4 || mapped) return { address: bytes.slice(-4).join('.'), port };
  return { address: ipv6Text(bytes), port };
}
