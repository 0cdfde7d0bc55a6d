import { TsDemuxer } from '../container/mpegts/demuxer.ts';
import { type HttpPlayOptions, playHttp } from '../http/play.ts';

/** Plays MPEG-TS from an HTTP server. Times of samples have a timescale of 90000. Settles as `playHttp` does. */
export function playTsHttp(options: HttpPlayOptions): Promise<void> {
  return playHttp(options, (events) => new TsDemuxer(events));
}
