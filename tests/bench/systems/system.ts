import type { Clip } from '../rig/clip.ts';
import type { Sink } from '../rig/sink.ts';

export const protocols = ['rtmp', 'tshttp', 'm4s', 'hls'] as const;
export type Protocol = (typeof protocols)[number];

/** What is to be pushed, and where to. */
export interface Load {
  readonly protocol: Protocol;
  /** In all; each stream has the same share. */
  readonly pushes: number;
  readonly streams: number;
  readonly clip: Clip;
  /** Video frames that leave together, where the system can be told. */
  readonly window: number;
  readonly sink: Sink;
}

/** A system under test that is idle: it holds no push yet. */
export interface RunningSystem {
  /** Processes whose CPU time and memory count, with all that they have started. */
  processes(): readonly number[];
  /** Processes that it needs and that are told apart, by name. */
  readonly beside?: Readonly<Record<string, readonly number[]>>;
  /** Makes it push: calls `publish` with the RTMP port that takes the streams, in the moment when they have to be there. */
  begin(publish: (port: number) => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

export interface System {
  readonly name: string;
  /** For tables. */
  readonly label: string;
  start(load: Load): Promise<RunningSystem>;
}

/** Name under which a source publishes a stream. */
export const streamName = (stream: number): string => `x${stream}`;

/**
 * RTMP URLs of the pushes of one stream. With several streams the name of the stream is the last part, as nginx-rtmp makes it; so that
 * all systems send to the same places.
 */
export function rtmpTargets({ sink, pushes, streams }: Load, stream?: number): string[] {
  const base = `rtmp://127.0.0.1:${sink.rtmpPort}`;
  if (streams === 1) return Array.from({ length: pushes }, (_, push) => `${base}/live/d${push}`);
  const suffix = stream === undefined ? '' : `/${streamName(stream)}`;
  return Array.from({ length: pushes / streams }, (_, push) => `${base}/live${push}${suffix}`);
}
