/** Order of Redis stream ids: milliseconds, then a sequence number. */
export function compareStreamIds(a: string, b: string): number {
  const [aMs = '0', aSeq = '0'] = a.split('-');
  const [bMs = '0', bSeq = '0'] = b.split('-');
  return Number(BigInt(aMs) - BigInt(bMs)) || Number(BigInt(aSeq) - BigInt(bSeq));
}
