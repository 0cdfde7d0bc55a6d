// Programs that we did not write: how to run them, and what those of ffmpeg say about media.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a program to its end; its output, and what it complained about. */
export async function run(program: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return finished(spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** What a program has to say, once it has ended. */
export async function finished(child: ChildProcess): Promise<{ stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (bytes) => (stdout += bytes));
  child.stderr?.on('data', (bytes) => (stderr += bytes));
  await once(child, 'close');
  return { stdout, stderr };
}

/** Packets of a file as ffprobe reads them, video first: `stream,pts,dts,size,flags`, times in ms. */
export async function packetsOf(file: string): Promise<string[]> {
  const entries = ['-show_entries', 'packet=stream_index,pts,dts,size,flags', '-of', 'csv=p=0'];
  const { stdout } = await run('ffprobe', '-v', 'error', ...entries, file);
  const lines = stdout.trim().replaceAll(/,$/gm, '').split('\n');
  return ['0,', '1,'].flatMap((stream) => lines.filter((line) => line.startsWith(stream)));
}

/** What ffmpeg complains about when it decodes a whole file; empty for a sound one. */
export async function complaintsAbout(file: string): Promise<string> {
  // Times as they are: ticks of the frame rate that ffmpeg guesses may hold two pictures.
  const output = ['-enc_time_base:v', '-1', '-f', 'null', '-'];
  const { stderr } = await run('ffmpeg', '-v', 'error', '-xerror', '-i', file, ...output);
  return stderr;
}
