// The header as it is read: which tracks there are, and what their fragments may leave out. ISO/IEC 14496-12 §8.2 to §8.8.
import { MalformedError } from '../../bytes/malformed-error.ts';
import { type Box, findBox, parseBoxes, readFullBox, readTicks, requireBox } from './box.ts';
import { Fmp4RefusedError } from './refused-error.ts';
import { parseSampleEntry, type SampleDescription } from './sample-description.ts';

/** What a fragment does not say of its samples. TrackExtendsBox, §8.8.3. */
export interface SampleDefaults {
  readonly durationTicks: number;
  readonly sizeBytes: number;
  readonly flags: number;
}

export interface MovieTrack {
  readonly trackId: number;
  /** Ticks per second of all times of the track. */
  readonly timescale: number;
  /** Added to the times of its samples: what the edit list puts before them, or cuts off. */
  readonly editOffsetTicks: number;
  readonly description: SampleDescription;
  readonly defaults: SampleDefaults;
}

/** The tracks of a moov whose codecs are known. Throws MalformedError, Fmp4RefusedError when a track is encrypted or nothing is left. */
export function parseMovie(moov: Buffer): MovieTrack[] {
  const boxes = parseBoxes(moov);
  const movieTimescale = parseTimescale(requireBox(boxes, 'mvhd', 'moov'));
  const mvex = findBox(boxes, 'mvex');
  if (mvex === undefined) throw new Fmp4RefusedError('unsupported', 'moov without mvex: this MP4 is not fragmented');
  const defaults = parseTrackExtends(mvex);
  const tracks = boxes
    .filter(({ type }) => type === 'trak')
    .map(({ payload }) => parseTrack(parseBoxes(payload), movieTimescale, defaults))
    .filter((track) => track !== undefined);
  if (tracks.length === 0) throw new Fmp4RefusedError('unsupported', 'moov names no track with a known codec');
  return tracks;
}

function parseTrack(
  trak: readonly Box[],
  movieTimescale: number,
  defaultsOf: ReadonlyMap<number, SampleDefaults>,
): MovieTrack | undefined {
  const mdia = parseBoxes(requireBox(trak, 'mdia', 'trak'));
  if (!MEDIA_HANDLERS.has(parseHandler(requireBox(mdia, 'hdlr', 'mdia')))) return undefined;
  const trackId = parseTrackId(requireBox(trak, 'tkhd', 'trak'));
  const timescale = parseTimescale(requireBox(mdia, 'mdhd', 'mdia'));
  const stbl = parseBoxes(requireBox(parseBoxes(requireBox(mdia, 'minf', 'mdia')), 'stbl', 'minf'));
  const description = parseDescriptions(requireBox(stbl, 'stsd', 'stbl'));
  const defaults = defaultsOf.get(trackId);
  if (description === undefined || defaults === undefined) return undefined;
  const edts = findBox(trak, 'edts');
  const editOffsetTicks = edts === undefined ? 0 : parseEditOffset(parseBoxes(edts), movieTimescale, timescale);
  return { trackId, timescale, editOffsetTicks, description, defaults };
}

/** Of pictures and sound. Text, time codes and the like are left out, whatever they look like. */
const MEDIA_HANDLERS: ReadonlySet<string> = new Set(['vide', 'soun']);

function parseHandler(hdlr: Buffer): string {
  const { reader } = readFullBox(hdlr);
  reader.skip(4); // pre_defined
  return reader.take(4).toString('latin1'); // handler_type
}

function parseTrackId(tkhd: Buffer): number {
  const { version, reader } = readFullBox(tkhd);
  reader.skip(version === 1 ? 16 : 8); // creation_time, modification_time
  return reader.u32(); // track_ID
}

/** Of mvhd and mdhd, which begin alike. */
function parseTimescale(header: Buffer): number {
  const { version, reader } = readFullBox(header);
  reader.skip(version === 1 ? 16 : 8); // creation_time, modification_time
  const timescale = reader.u32(); // timescale
  if (timescale === 0) throw new MalformedError('timescale 0', reader.offset);
  return timescale;
}

/** The first entry counts: the samples of a live stream do not change it without a new header. */
function parseDescriptions(stsd: Buffer): SampleDescription | undefined {
  const { reader } = readFullBox(stsd);
  reader.skip(4); // entry_count
  const [entry] = parseBoxes(reader.rest());
  if (entry === undefined) throw new MalformedError('stsd without a sample entry');
  return parseSampleEntry(entry);
}

function parseTrackExtends(mvex: Buffer): Map<number, SampleDefaults> {
  const defaults = new Map<number, SampleDefaults>();
  for (const { type, payload } of parseBoxes(mvex)) {
    if (type !== 'trex') continue;
    const { reader } = readFullBox(payload);
    const trackId = reader.u32(); // track_ID
    reader.skip(4); // default_sample_description_index
    const durationTicks = reader.u32(); // default_sample_duration
    const sizeBytes = reader.u32(); // default_sample_size
    defaults.set(trackId, { durationTicks, sizeBytes, flags: reader.u32() }); // default_sample_flags
  }
  return defaults;
}

/** What stands before the first edit with media, less the media that it leaves out. Edit list, §8.6.6. */
function parseEditOffset(edts: readonly Box[], movieTimescale: number, timescale: number): number {
  const elst = findBox(edts, 'elst');
  if (elst === undefined) return 0;
  const { version, reader } = readFullBox(elst);
  let emptyTicks = 0;
  for (let count = reader.u32(); count > 0; count--) {
    const durationTicks = readTicks(reader, version); // segment_duration, in ticks of the movie
    const mediaTime = version === 1 ? reader.i64() : reader.i32(); // media_time; -1 is an empty edit
    reader.skip(4); // media_rate
    if (mediaTime >= 0) return Math.round((emptyTicks * timescale) / movieTimescale) - mediaTime;
    emptyTicks += durationTicks;
  }
  return 0;
}
