import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { readClip, SYNC_CLIP } from '../container/flv/testing/clip.ts';
import { box } from '../container/fmp4/box.ts';
import { LAST_SEGMENT, segmentType } from '../container/fmp4/segment-type.ts';
import { mux } from '../container/fmp4/testing/clips.ts';
import type { Sample } from '../media/sample.ts';
import { run } from '../publisher/testing/programs.ts';
import { M4sBodyError, M4sReceiver } from './receiver.ts';

const clip = readClip(SYNC_CLIP);
const body = mux(clip);
const moofAt = body.indexOf('moof') - 4;
const header = body.subarray(0, body.indexOf('prft') - 4);

function receive(...parts: Buffer[]) {
  const samples: Sample[] = [];
  const codecs: string[][] = [];
  const receiver = new M4sReceiver({
    tracks: (tracks) => codecs.push(tracks.map(({ codec }) => codec)),
    sample: (sample) => samples.push(sample),
  });
  for (const part of parts) receiver.push(part);
  return { receiver, samples, codecs };
}

describe('M4sReceiver and ffmpeg as a sender', () => {
  it.each([
    ['fragments of 200 ms', ['-movflags', '+empty_moov+default_base_moof+delay_moov', '-frag_duration', '200000']],
    ['CMAF', ['-movflags', '+cmaf+frag_keyframe']],
  ])('gets every picture and every sound: %s', async (_, flags) => {
    const samples: Sample[] = [];
    const receiver = new M4sReceiver({ tracks: () => {}, sample: (sample) => samples.push(sample) });
    const server = createServer((request, reply) => {
      request.on('data', (bytes: Buffer) => receiver.push(bytes));
      request.on('end', () => reply.end());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/s`;
    await run('ffmpeg', '-v', 'error', '-i', SYNC_CLIP, '-c', 'copy', ...flags, '-f', 'mp4', '-method', 'POST', url);
    server.close();
    const of = (list: readonly Sample[], kind: string) => list.filter(({ track }) => track.kind === kind);
    for (const kind of ['video', 'audio']) {
      expect(of(samples, kind).map(({ data }) => data)).toEqual(of(clip.samples, kind).map(({ data }) => data));
    }
    expect(receiver.end()).toMatchObject({ status: 'interrupted' });
  });
});

describe('M4sReceiver', () => {
  it('hands on tracks and samples, and gives a receipt', () => {
    const { receiver, samples, codecs } = receive(body, segmentType('cmfl', LAST_SEGMENT));
    expect(codecs).toEqual([['h264', 'aac']]);
    expect(samples.length).toBe(clip.samples.length);
    const last = samples.at(-1)!;
    expect(receiver.end()).toEqual({
      status: 'ended',
      bytes: body.length + 24,
      lastDtsMs: (last.dts * 1000) / last.track.timescale,
    });
  });

  it('knows an end that was not announced', () => {
    expect(receive(body.subarray(0, -10)).receiver.end().status).toBe('interrupted');
    expect(receive().receiver.end()).toEqual({ status: 'interrupted', bytes: 0, lastDtsMs: undefined });
  });

  it.each<[number, string, Buffer]>([
    [400, 'what is no MP4', Buffer.from('FLV\x01\x05\0\0\0\x09')],
    [400, 'a broken header', Buffer.concat([box('ftyp'), box('moov', box('trak'))])],
    [412, 'fragments without a header', body.subarray(moofAt)],
    [413, 'a picture beyond all measure', Buffer.concat([body, giant()])],
    [413, 'a header beyond all measure', Buffer.concat([Buffer.from('7fffffff', 'hex'), Buffer.from('moov')])],
    [
      415,
      'a file without fragments',
      box('moov', header.subarray(header.indexOf('mvhd') - 4, header.indexOf('trak') - 4)),
    ],
  ])('answers %i to %s, also to what follows', (status, _, bytes) => {
    const { receiver } = receive();
    const push = () => receiver.push(bytes);
    expect(push).toThrow(M4sBodyError);
    expect(push).toThrow(expect.objectContaining({ status }));
    expect(receiver.end().status).toBe('interrupted');
  });
});

/** A fragment whose media data is larger than any picture. */
function giant(): Buffer {
  const fragment = Buffer.from(body.subarray(moofAt, body.indexOf('mdat') + 4));
  fragment.writeUInt32BE((16 << 20) + 1, fragment.length - 8);
  return fragment;
}
