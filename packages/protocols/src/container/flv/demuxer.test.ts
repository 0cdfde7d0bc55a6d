import { createReadStream, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AmfObject, encodeAmf0 } from '../../bytes/amf0.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { joinLengthPrefixed } from '../../codec/nal/length-prefixed.ts';
import type { Sample } from '../../media/sample.ts';
import type { AudioTrack, Track, VideoTrack } from '../../media/track.ts';
import { FlvDemuxer } from './demuxer.ts';
import { FlvFileReader } from './file-reader.ts';
import { TagType } from './tag.ts';

const fixture = new URL('../../../fixtures/flv/sync.flv', import.meta.url);

function demux() {
  const tracks: (readonly Track[])[] = [];
  const samples: Sample[] = [];
  const demuxer = new FlvDemuxer({
    tracks: (list) => tracks.push(list),
    sample: (sample) => samples.push(sample),
  });
  return { tracks, samples, demuxer };
}

const avcc = '0164001effe1001a6764001eacd940a02ff97011000003000100000300320f162d9601000468efbcb0fdf8f800';
const sps720x576 = Buffer.from('6742c01ed900b4126c1040000003004000000c83c58b92', 'hex');
const ppsBaseline = Buffer.from('68cb83cb20', 'hex');
const idr = Buffer.from('6588840011', 'hex');
const slice = Buffer.from('419a2211', 'hex');

const avcConfig = (hex = avcc): Buffer => Buffer.from(`1700000000${hex}`, 'hex');
const avcFrame = (nalUnits: Buffer[], isKey: boolean, compositionTimeMs = 0): Buffer => {
  const header = Buffer.from([isKey ? 0x17 : 0x27, 1, 0, 0, 0]);
  header.writeIntBE(compositionTimeMs, 2, 3);
  return Buffer.concat([header, joinLengthPrefixed(nalUnits)]);
};
const aacConfig = (hex = '1190'): Buffer => Buffer.from(`af00${hex}`, 'hex');
const aacFrame = Buffer.from('af01211004608c1c', 'hex');
const metadata = (properties: AmfObject): Buffer => encodeAmf0('onMetaData', properties);
const { video, audio, script } = TagType;

describe('FlvDemuxer on a file of ffmpeg', () => {
  it('finds the samples that ffprobe finds, however the file is cut', async () => {
    const { tracks, samples, demuxer } = demux();
    await new FlvFileReader(demuxer).read(createReadStream(fixture, { highWaterMark: 1013 }));
    const rows = ['video', 'audio'].flatMap((kind, stream) =>
      samples
        .filter(({ track }) => track.kind === kind)
        .map(({ pts, dts, data, isSync }) => `${stream},${pts},${dts},${data.length},${isSync ? 'K' : '_'}_`),
    );
    const verdict = readFileSync(new URL(`${fixture}.packets.csv`), 'utf8')
      .trim()
      .split('\n');
    expect(rows).toEqual(verdict);
    expect(tracks).toHaveLength(1);
  });

  it('describes the tracks', () => {
    const { tracks, demuxer } = demux();
    new FlvFileReader(demuxer).push(readFileSync(fixture));
    expect(tracks[0]).toMatchObject([
      { kind: 'video', codec: 'h264', width: 640, height: 360, frameRate: 25, timescale: 1000 },
      { kind: 'audio', codec: 'aac', sampleRate: 48_000, channels: 2, timescale: 1000 },
    ]);
    expect(tracks[0]![1]!.bitrateBps).toBe(14_176); // audiodatarate 14.176 kb/s, as ffmpeg has put it there
  });
});

describe('FlvDemuxer waits', () => {
  it('for both tracks that the metadata announces, and loses nothing meanwhile', () => {
    const { tracks, samples, demuxer } = demux();
    demuxer.message(script, 0, metadata({ width: 640, height: 360, videocodecid: 7, audiocodecid: 10, framerate: 30 }));
    demuxer.message(video, 0, avcConfig());
    demuxer.message(video, 0, avcFrame([idr], true));
    demuxer.message(video, 40, avcFrame([slice], false));
    expect(tracks).toEqual([]);
    demuxer.message(audio, 0, aacConfig());
    demuxer.message(audio, 41, aacFrame);
    expect(tracks[0]?.map(({ kind }) => kind)).toEqual(['video', 'audio']);
    expect((tracks[0]![0] as VideoTrack).frameRate).toBe(30);
    expect(samples.map(({ dts }) => dts)).toEqual([0, 40, 41]);
  });

  it('no longer than a second of media for a track that never comes', () => {
    const { tracks, samples, demuxer } = demux();
    demuxer.message(script, 0, metadata({ videocodecid: 7, audiocodecid: 10 }));
    demuxer.message(video, 0, avcConfig());
    for (let time = 500; time <= 1500; time += 100) demuxer.message(video, time, avcFrame([idr], true));
    expect(tracks.map((list) => list.length)).toEqual([1]);
    expect(samples).toHaveLength(11);
    demuxer.message(audio, 1500, aacConfig());
    expect(tracks.map((list) => list.length)).toEqual([1, 2]);
  });

  it('not at all when only one track is announced', () => {
    const { tracks, demuxer } = demux();
    demuxer.message(script, 0, metadata({ audiocodecid: 10, audiosamplerate: 48_000 }));
    demuxer.message(audio, 0, aacConfig());
    expect(tracks.map((list) => list.map(({ kind }) => kind))).toEqual([['audio']]);
  });

  it('for the configuration and for the first sync sample behind it', () => {
    const { samples, demuxer } = demux();
    demuxer.message(audio, 0, aacConfig());
    demuxer.message(video, 0, avcFrame([idr], true));
    demuxer.message(video, 40, avcConfig());
    demuxer.message(video, 40, avcFrame([slice], false));
    demuxer.message(video, 80, avcFrame([idr], true));
    demuxer.message(video, 120, avcFrame([slice], false));
    expect(samples.map(({ dts, isSync }) => [dts, isSync])).toEqual([
      [80, true],
      [120, false],
    ]);
  });
});

describe('FlvDemuxer and the memory of messages', () => {
  const own = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(9_000)]).subarray(0, bytes.length);

  it('needs it for samples that wait for a track', () => {
    const { demuxer } = demux();
    const message = own(avcFrame([idr], true));
    demuxer.message(script, 0, metadata({ videocodecid: 7, audiocodecid: 10 }));
    demuxer.message(video, 0, avcConfig());
    demuxer.message(video, 0, message);
    expect(demuxer.holds(message.buffer)).toBe(true);
    demuxer.message(audio, 0, aacConfig());
    expect(demuxer.holds(message.buffer)).toBe(false);
  });

  it('needs none for configurations', () => {
    const { tracks, samples, demuxer } = demux();
    const [picture, sound] = [own(avcConfig()), own(aacConfig())];
    demuxer.message(video, 0, picture);
    demuxer.message(audio, 0, sound);
    for (const memory of [picture, sound]) memory.fill(0xee);
    expect(tracks[0]!.map(({ config }) => config.toString('hex'))).toEqual([avcc, '1190']);
    demuxer.message(video, 0, avcConfig()); // known
    demuxer.message(video, 0, avcFrame([idr], true));
    expect([tracks.length, samples.length]).toEqual([1, 1]);
  });
});

describe('FlvDemuxer at a change of configuration', () => {
  const started = () => {
    const parts = demux();
    parts.demuxer.message(audio, 0, aacConfig());
    parts.demuxer.message(video, 0, avcConfig());
    parts.demuxer.message(video, 0, avcFrame([idr], true));
    return parts;
  };

  it('keeps the track when the same configuration is repeated', () => {
    const { tracks, samples, demuxer } = started();
    demuxer.message(video, 40, avcConfig());
    demuxer.message(audio, 40, aacConfig());
    demuxer.message(video, 40, avcFrame([slice], false));
    expect(tracks).toHaveLength(1);
    expect(samples[1]!.track).toBe(samples[0]!.track);
  });

  it('makes a new track and drops what cannot be decoded with it', () => {
    const { tracks, samples, demuxer } = started();
    demuxer.message(
      video,
      40,
      avcConfig('0142c01effe100176742c01ed900b4126c1040000003004000000c83c58b9201000568cb83cb20'),
    );
    demuxer.message(video, 40, avcFrame([slice], false));
    demuxer.message(video, 80, avcFrame([idr], true));
    expect(tracks).toHaveLength(2);
    expect(tracks[1]![0]).toMatchObject({ width: 720, height: 576 });
    expect(tracks[1]![1]).toBe(tracks[0]![1]);
    expect(samples.map(({ dts }) => dts)).toEqual([0, 80]);
    expect(samples[1]!.track).toBe(tracks[1]![0]);
  });

  it('takes new parameter sets from inside the stream, before their access unit', () => {
    const { tracks, samples, demuxer } = started();
    demuxer.message(video, 40, avcFrame([sps720x576, ppsBaseline, idr], true));
    demuxer.message(video, 80, avcFrame([sps720x576, ppsBaseline, idr], true));
    expect(tracks).toHaveLength(2);
    expect(tracks[1]![0]).toMatchObject({ width: 720, height: 576 });
    expect(samples[1]!.track).toBe(tracks[1]![0]);
    expect(samples[1]!.data).toEqual(joinLengthPrefixed([idr]));
  });

  it('makes a new audio track alone', () => {
    const { tracks, demuxer } = started();
    demuxer.message(audio, 40, aacConfig('1210'));
    expect(tracks[1]![0]).toBe(tracks[0]![0]);
    expect((tracks[1]![1] as AudioTrack).sampleRate).toBe(44_100);
  });
});

describe('FlvDemuxer and time', () => {
  it('unwraps times and is not misled by headers and metadata at time 0', () => {
    const { samples, demuxer } = demux();
    demuxer.message(audio, 0, aacConfig());
    demuxer.message(video, 0, avcConfig());
    demuxer.message(video, 2 ** 32 - 40, avcFrame([idr], true));
    demuxer.message(script, 0, metadata({ videocodecid: 7, audiocodecid: 10 }));
    demuxer.message(video, 0, avcConfig());
    demuxer.message(audio, 2 ** 32 - 20, aacFrame);
    demuxer.message(video, 0, avcFrame([slice], false));
    expect(samples.map(({ dts }) => dts - 2 ** 32)).toEqual([-40, -20, 0]);
  });

  it('never presents a sample before it is decoded, and keeps the order of pictures, when a sender has negative offsets', () => {
    const { samples, demuxer } = demux();
    demuxer.message(audio, 0, aacConfig());
    demuxer.message(video, 0, avcConfig());
    for (const [time, offset] of [
      [0, 0],
      [40, 40],
      [80, -40],
      [120, 40],
      [160, -40],
    ] as const) {
      demuxer.message(video, time, avcFrame([time === 0 ? idr : slice], time === 0, offset));
    }
    expect(samples.every(({ pts, dts }) => pts >= dts)).toBe(true);
    expect(samples.map(({ pts }) => pts)).toEqual([0, 80, 40, 160, 120]);
    expect(samples.map(({ dts }) => dts)).toEqual([0, 40, 40, 80, 120]);
  });
});

describe('FlvDemuxer and Enhanced RTMP', () => {
  const ex = (head: number, fourCc: string, ...parts: Buffer[]): Buffer =>
    Buffer.concat([Buffer.from([head]), Buffer.from(fourCc), ...parts]);
  const hvcc = Buffer.from(
    '0101600000009000000000005df000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003005d959809a10001002b42010101600000030090000003000003005da00280802d165959a4932bc05a020000030002000003003210a2000100074401c172b46240',
    'hex',
  );
  const otherSets = [
    '40010c01ffff01600000030090000003000003001e928090',
    '42010101600000030090000003000003001ea0208316592ae4caf0168008',
    '4401c173d089',
  ].map((hex) => Buffer.from(hex, 'hex'));
  const hevcIdr = Buffer.from('2801af1011', 'hex');
  const hevcSlice = Buffer.from('0201d02011', 'hex');
  const offset = (ms: number): Buffer => Buffer.from([0, 0, ms]);
  const audioOnly = metadata({ audiocodecid: 1, audiosamplerate: 8000 });

  it('reads AV1 and Opus as a real encoder sends them', () => {
    const { tracks, samples, demuxer } = demux();
    demuxer.message(video, 0, Buffer.from('9061763031', 'hex')); // before it knows
    demuxer.message(audio, 0, Buffer.from('904f7075734f707573486561640101380180bb0000000000', 'hex'));
    demuxer.message(audio, 0, Buffer.from('944f707573010100000004', 'hex')); // MultichannelConfig
    demuxer.message(video, 7, Buffer.from('9061763031812400000a0e20000024cfa70dbfff3404340080', 'hex'));
    demuxer.message(video, 7, Buffer.from('d461763031020009636f6c6f72496e66', 'hex')); // HDR metadata
    demuxer.message(video, 7, Buffer.from('916176303112000a0e20000024cfa70dbfff34043400803204181400a0', 'hex'));
    demuxer.message(video, 74, Buffer.from('a16176303112001a01c8', 'hex'));
    demuxer.message(video, 80, Buffer.from('9261763031', 'hex')); // SequenceEnd
    expect(tracks).toHaveLength(1);
    expect(tracks[0]).toMatchObject([
      { codec: 'av1', width: 980, height: 540 },
      { codec: 'opus', channels: 1, sampleRate: 48_000 },
    ]);
    expect(samples.map(({ dts, isSync, data }) => [dts, isSync, data.toString('hex')])).toEqual([
      [7, true, '0a0e20000024cfa70dbfff34043400803204181400a0'],
      [74, false, '1a01c8'],
    ]);
  });

  it('reads HEVC and takes parameter sets out of its samples', () => {
    const { tracks, samples, demuxer } = demux();
    demuxer.message(audio, 0, aacConfig());
    demuxer.message(video, 0, ex(0x90, 'hvc1', hvcc));
    demuxer.message(
      video,
      0,
      ex(0x91, 'hvc1', offset(80), joinLengthPrefixed([Buffer.from('460150', 'hex'), hevcIdr])),
    );
    demuxer.message(video, 40, ex(0xa3, 'hvc1', joinLengthPrefixed([hevcSlice])));
    demuxer.message(video, 80, ex(0x91, 'hvc1', offset(0), joinLengthPrefixed([...otherSets, hevcIdr])));
    demuxer.message(video, 120, ex(0x92, 'hvc1'));
    expect(tracks.map(([track]) => track)).toMatchObject([
      { codec: 'hevc', width: 1280, height: 720, frameRate: 25 },
      { codec: 'hevc', width: 64, height: 48 },
    ]);
    expect(samples.map(({ dts, pts, isSync }) => [dts, pts, isSync])).toEqual([
      [0, 80, true],
      [40, 40, false],
      [80, 80, true],
    ]);
    expect(samples.map(({ data }) => data)).toEqual(
      [hevcIdr, hevcSlice, hevcIdr].map((unit) => joinLengthPrefixed([unit])),
    );
    expect(samples[2]!.track).toBe(tracks[1]![0]);
  });

  it('reads HEVC in the syntax of before Enhanced RTMP', () => {
    const { tracks, samples, demuxer } = demux();
    demuxer.message(audio, 0, aacConfig());
    demuxer.message(video, 0, Buffer.concat([Buffer.from('1c00000000', 'hex'), hvcc]));
    demuxer.message(video, 0, Buffer.concat([Buffer.from('1c01000028', 'hex'), joinLengthPrefixed([hevcIdr])]));
    expect(tracks[0]![0]).toMatchObject({ codec: 'hevc', width: 1280, height: 720 });
    expect(samples.map(({ pts, isSync }) => [pts, isSync])).toEqual([[40, true]]);
  });

  it('reads AV1 that is announced by the descriptor of MPEG-TS, or not at all', () => {
    const sequenceHeader = Buffer.from('0a0b0000000cc4ff673efe4010', 'hex');
    const keyUnit = Buffer.concat([sequenceHeader, Buffer.from('32041400a168', 'hex')]);
    for (const announcement of [[], [ex(0x95, 'av01', Buffer.from('800481010c00', 'hex'))]]) {
      const { tracks, samples, demuxer } = demux();
      demuxer.message(audio, 0, aacConfig());
      for (const body of announcement) demuxer.message(video, 0, body);
      demuxer.message(video, 0, ex(0x91, 'av01', keyUnit));
      expect(tracks.at(-1)![0]).toMatchObject({ codec: 'av1', width: 640, height: 360 });
      expect(tracks.at(-1)![0]!.config.toString('hex')).toBe(`81010c00${sequenceHeader.toString('hex')}`);
      expect(samples.map(({ data }) => data)).toEqual([keyUnit]);
    }
  });

  it('learns the size of VP9 from its key frames', () => {
    const { tracks, samples, demuxer } = demux();
    demuxer.message(script, 0, metadata({ videocodecid: 7, width: 320, height: 240 }));
    demuxer.message(video, 0, ex(0x90, 'vp09', Buffer.from('0015820202020000', 'hex')));
    demuxer.message(video, 0, ex(0x91, 'vp09', Buffer.from('824983420027f016760638241c184a10', 'hex')));
    expect(tracks.at(-1)).toMatchObject([{ codec: 'vp9', width: 640, height: 360 }]);
    expect(tracks.at(-1)![0]!.config.toString('hex')).toBe('010000000015820202020000');
    expect(samples).toHaveLength(1);
  });

  it('learns everything about AC-3 from its frames, whatever the metadata says', () => {
    const { tracks, samples, demuxer } = demux();
    const frame = Buffer.from('0b7792d61440ebf8403efe007f0f0f08', 'hex');
    demuxer.message(script, 0, audioOnly);
    demuxer.message(audio, 0, ex(0x91, 'ac-3', frame));
    demuxer.message(audio, 32, ex(0x91, 'ac-3', frame));
    expect(tracks).toEqual([[expect.objectContaining({ codec: 'ac3', sampleRate: 48_000, channels: 6 })]]);
    expect(tracks[0]![0]!.config.toString('hex')).toBe('103d40');
    expect(samples).toHaveLength(2);
  });

  it('keeps the track of E-AC-3 when only its bit rate changes', () => {
    const { tracks, demuxer } = demux();
    const frameOf = (words: number): Buffer => {
      const frame = Buffer.alloc(2 * words);
      frame.write('0b7700003487c0', 'hex');
      frame[3] = words - 1; // frmsiz
      return frame;
    };
    demuxer.message(script, 0, audioOnly);
    demuxer.message(audio, 0, ex(0x91, 'ec-3', frameOf(96)));
    demuxer.message(audio, 32, ex(0x91, 'ec-3', frameOf(200)));
    expect(tracks).toEqual([[expect.objectContaining({ codec: 'eac3', sampleRate: 48_000, channels: 2 })]]);
  });

  it('learns about FLAC from its configuration', () => {
    const { tracks, demuxer } = demux();
    const config = Buffer.from(
      '664c614380000022120012000001690005630ac442f000005dc0549def76f00e5817bc9cdcdc887f3de5',
      'hex',
    );
    demuxer.message(script, 0, audioOnly);
    demuxer.message(audio, 0, ex(0x90, 'fLaC', config));
    expect(tracks[0]).toMatchObject([{ codec: 'flac', sampleRate: 44_100, channels: 2 }]);
  });

  it('reads H.264 with composition time behind a ModEx', () => {
    const { samples, demuxer } = demux();
    demuxer.message(audio, 0, aacConfig());
    demuxer.message(video, 0, avcConfig());
    const unit = joinLengthPrefixed([idr]);
    demuxer.message(video, 0, Buffer.concat([Buffer.from('970200000001', 'hex'), Buffer.from('avc1\0\0\x28'), unit]));
    demuxer.message(video, 40, Buffer.concat([Buffer.from('93'.concat('61766331'), 'hex'), unit]));
    expect(samples.map(({ pts, dts, data }) => [pts - dts, data.equals(unit)])).toEqual([
      [40, true],
      [0, true],
    ]);
  });

  it('takes track 0 out of several', () => {
    const { samples, demuxer } = demux();
    demuxer.message(audio, 0, aacConfig());
    demuxer.message(video, 0, avcConfig());
    const unit = joinLengthPrefixed([idr]);
    const track = (id: number): Buffer => Buffer.concat([Buffer.from([id, 0, 0, unit.length]), unit]);
    const manyTracks = Buffer.concat([Buffer.from([0x96, 0x13]), Buffer.from('avc1'), track(1), track(0)]);
    demuxer.message(video, 0, manyTracks);
    demuxer.message(video, 40, Buffer.concat([Buffer.from([0x96, 0x03]), Buffer.from('avc1'), Buffer.from([5]), unit]));
    expect(samples.map(({ dts }) => dts)).toEqual([0]);
  });
});

describe('FlvDemuxer and MP3', () => {
  it('learns rate and channels from the frames', () => {
    const { tracks, samples, demuxer } = demux();
    demuxer.message(script, 0, metadata({ audiocodecid: 2, audiosamplerate: 44_100 }));
    demuxer.message(audio, 0, Buffer.from('2ffffb94c40011', 'hex'));
    expect(tracks[0]).toMatchObject([{ codec: 'mp3', sampleRate: 48_000, channels: 1 }]);
    expect(samples[0]!.data.toString('hex')).toBe('fffb94c40011');
  });
});

describe('FlvDemuxer under fire', () => {
  it('throws nothing but MalformedError, whatever the messages', () => {
    const type = fc.constantFrom(video, audio, script);
    const head = fc.constantFrom(
      '',
      '1700000000',
      '1701000000',
      '2701000000',
      'af00',
      'af01',
      '2f',
      '96',
      '97',
      '9061763031',
      '9161763031',
      '9068766331',
      '9168766331',
      '9176703039',
      '904f707573',
      '9161632d33',
      '9165632d33',
      '95',
    );
    const message = fc.tuple(type, fc.integer({ min: 0, max: 2 ** 32 - 1 }), head, fc.uint8Array({ maxLength: 60 }));
    fc.assert(
      fc.property(fc.array(message, { maxLength: 20 }), (messages) => {
        const { demuxer } = demux();
        for (const [kind, time, start, noise] of messages) {
          try {
            demuxer.message(kind, time, Buffer.concat([Buffer.from(start, 'hex'), noise]));
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedError);
          }
        }
      }),
    );
  });

  it('refuses a file that is no FLV', () => {
    expect(() => new FlvFileReader(demux().demuxer).push(Buffer.from('GIF89a0123456789'))).toThrow(MalformedError);
  });
});
