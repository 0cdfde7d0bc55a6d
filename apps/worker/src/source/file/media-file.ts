import { open, stat } from 'node:fs/promises';
import { PublishError, type Sample, type Track } from '@pushfleet/protocols';
import { openFlv } from './flv-file.ts';

/** A media file that is open for reading, from the start and any number of times. */
export interface MediaFile {
  readonly sizeBytes: number;
  /** At most one video and one audio track, as they are at the start. */
  readonly tracks: readonly Track[];
  /**
   * One pass through the file, with the file's own times: each track in order of decoding with rising dts, video from a sync sample on,
   * the tracks mixed by dts. The samples point to the objects of `tracks` until a configuration changes. Rejects with any error.
   */
  samples(): AsyncIterable<Sample>;
  /** May be called again. */
  close(): void;
}

/** Opens a file of any container that we read. Rejects with PublishError `source_lost`. */
export async function openMediaFile(path: string): Promise<MediaFile> {
  try {
    const { sizeBytes, signature } = await inspect(path);
    const file = await (signature === 'FLV' ? openFlv(path, sizeBytes) : openContainer(path, sizeBytes));
    return { ...file, samples: () => reportingLoss(path, file.samples()) };
  } catch (error) {
    throw sourceLost(path, error);
  }
}

/** Looks before anything is opened for good: opening a pipe would wait for its writer. */
async function inspect(path: string): Promise<{ sizeBytes: number; signature: string }> {
  const stats = await stat(path);
  if (!stats.isFile()) throw new Error('not a regular file');
  if (stats.size === 0) throw new Error('the file is empty');
  await using file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(3), 0, 3, 0);
  return { sizeBytes: stats.size, signature: buffer.toString('latin1') };
}

/** The demuxers of containers are 2 MB of code, which workers without such files do without. */
async function openContainer(path: string, sizeBytes: number): Promise<MediaFile> {
  const container = await import('./container-file.ts');
  return container.openContainer(path, sizeBytes);
}

async function* reportingLoss(path: string, samples: AsyncIterable<Sample>): AsyncGenerator<Sample> {
  try {
    yield* samples;
  } catch (error) {
    throw sourceLost(path, error);
  }
}

function sourceLost(path: string, error: unknown): PublishError {
  return new PublishError('source_lost', `${path}: ${reasonOf(error)}`, { cause: error });
}

const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file; a relative path starts at the working directory of the worker',
  EACCES: 'the worker may not read it; check the permissions of the file and its folders',
  EPERM: 'the worker may not read it; check the permissions of the file and its folders',
};

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  return (code !== undefined && SYSTEM_REASONS[code]) || error.message;
}
