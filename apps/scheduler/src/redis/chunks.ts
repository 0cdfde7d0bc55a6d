/** Commands that one write to Redis may carry: more would hold up everybody else's. */
export const BURST = 500;

export function* chunksOf<T>(items: Iterable<T>, size = BURST): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
