import { join } from 'node:path';

/** The example clip: H.264 and AAC, a few seconds in a loop. */
export const CLIP = join(import.meta.dirname, '..', '..', '..', 'examples', 'clip.mp4');

/** A stream that plays the clip, with one push for each target, all with the same options. */
export function clipStream(targets: readonly string[], options = '', name = 'clip'): string {
  const pushes = targets.map((target) => `  push ${target} ${options};`).join('\n');
  return `stream ${name} {\n  input file://${CLIP};\n${pushes}\n}\n`;
}
