/** An IPv4 address as it lies in memory, read as one little-endian number: 16777343 is 127.0.0.1. */
export function ipv4(word: string): string {
  const n = Number(BigInt.asUintN(32, BigInt(word)));
  return [n, n >>> 8, n >>> 16, n >>> 24].map((byte) => byte & 255).join('.');
}

/**
 * An IPv6 address in two words of two little-endian numbers each, as probes/sockets.bt packs them; IPv4 mapped into IPv6
 * (RFC 4291 2.5.5.2) as IPv4, and the longest run of zeros as `::` (RFC 5952).
 */
export function ipv6(hi: string, lo: string): string {
  const words = [hi, lo].flatMap((word) => {
    const n = BigInt.asUintN(64, BigInt(word));
    return [n >> 32n, n & 0xffffffffn];
  });
  const groups = words.flatMap((word) => {
    const bytes = [0n, 8n, 16n, 24n].map((shift) => Number((word >> shift) & 255n));
    return [((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0), ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)];
  });
  if (groups.slice(0, 5).every((g) => g === 0) && groups[5] === 0xffff) return ipv4(String(words[3]));
  const text = groups.map((g) => g.toString(16)).join(':');
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].map(([run]) => run).sort((a, b) => b.length - a.length);
  return runs[0] === undefined ? text : text.replace(runs[0], ':').replace(/^:(?!:)/, '::').replace(/(?<!:):$/, '::');
}
