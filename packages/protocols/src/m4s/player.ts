import { Fmp4Demuxer } from '../container/fmp4/demuxer.ts';
import { type HttpPlayOptions, playHttp } from '../http/play.ts';

/** Plays fragmented MP4 from an HTTP server. Times of samples are ticks of the track's timescale on the line of the sender. Settles as `playHttp` does. */
export function playM4s(options: HttpPlayOptions): Promise<void> {
  return playHttp(options, (events) => new Fmp4Demuxer(events));
}
