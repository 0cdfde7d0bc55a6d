import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RESULTS } from './paths.ts';

export interface TinyStreams {
  readonly pushes: number;
  /** 20 when absent. */
  readonly pushesPerStream?: number;
  /** What feeds each stream; `tinyInput()` when absent. */
  readonly input?: string;
  /** URL of the application that pushes go to, each under a name of its own: `p0`, `p1`...; of each push, or one for all. */
  readonly target: string | ((push: number) => string);
  /** Options of each push, as the config language has them. */
  readonly options?: string;
}

/** Text of a configuration in which the pushes, and not their media, are what costs. */
export function tinyStreams({
  pushes,
  pushesPerStream = 20,
  input = tinyInput(),
  target,
  options = '',
}: TinyStreams): string {
  const streams = Array.from({ length: Math.ceil(pushes / pushesPerStream) }, (_, stream) => {
    const first = stream * pushesPerStream;
    const lines = Array.from({ length: Math.min(pushesPerStream, pushes - first) }, (_, n) => {
      const application = typeof target === 'string' ? target : target(first + n);
      return `  push ${application}/p${first + n}${options && ` ${options}`};\n`;
    });
    return `stream s${stream} {\n  input ${input};\n${lines.join('')}}\n`;
  });
  return streams.join('');
}

/** URL of a looped file with one tiny picture a second. */
export function tinyInput(): string {
  const clip = join(RESULTS, 'tiny.mp4');
  if (!existsSync(clip)) {
    mkdirSync(dirname(clip), { recursive: true });
    const source = ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=64x64:r=1', '-t', '10'];
    execFileSync('ffmpeg', [...source, '-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-g', '1', clip]);
  }
  return `file://${clip}`;
}
