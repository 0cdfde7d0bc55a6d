// Names of segments: `[BASE-]EPOCH-NUMBER.ts`. No two attempts use the same one, so that a late upload overwrites nothing.

/** `prefix`: of the target, may be empty. */
export function segmentName(prefix: string, epoch: number, number: number): string {
  return `${prefix}${epoch.toString(36)}-${number}.ts`;
}

/** The attempt that a segment is of, by its name; undefined when it looks like none of ours. */
export function epochOfSegment(uri: string): number | undefined {
  const epoch = /^(?:[\w-]+-)?([0-9a-z]+)-\d+\.ts$/.exec(uri)?.[1];
  return epoch === undefined ? undefined : Number.parseInt(epoch, 36);
}
