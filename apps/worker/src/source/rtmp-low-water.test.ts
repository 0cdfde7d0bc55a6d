import { defaultDelivery, protocolFor, type Track } from '@pushfleet/protocols';
import { afterEach, expect, it, vi } from 'vitest';
import { openDial } from '../push/testing/holder-kit.ts';
import { StreamHub } from './stream-hub.ts';
import { IngestKit } from './testing/ingest-kit.ts';
import { record } from './testing/recorder.ts';

/** Called with each mark once the kernel has it. */
const marked = vi.hoisted(() => ({ act: (_bytes: number) => {} }));
vi.mock('../net/low-water.ts', async (importActual) => {
  const { lowWaterOf } = await importActual<typeof import('../net/low-water.ts')>();
  const watched = (...args: Parameters<typeof lowWaterOf>): ReturnType<typeof lowWaterOf> => {
    const socket = lowWaterOf(...args);
    const setLowWater = (bytes: number) => {
      socket?.setLowWater(bytes);
      marked.act(bytes);
    };
    return socket && { segmentBytes: 1_448, setLowWater }; // as over Ethernet: those of the loopback are larger than any picture
  };
  return { lowWaterOf: watched };
});

const of = { timescale: 1000, bitrateBps: 0 };
const sps = '6764001eacd940a02ff97011000003000100000300320f162d96';
const avcc = Buffer.from(`0164001effe1001a${sps}01000468efbcb0fdf8f800`, 'hex');
const video: Track = { ...of, kind: 'video', codec: 'h264', config: avcc, width: 640, height: 360, frameRate: 25 };
const asc = Buffer.of(0x11, 0x90);
const audio: Track = { ...of, kind: 'audio', codec: 'aac', config: asc, sampleRate: 48_000, channels: 2 };

const kit = new IngestKit();
afterEach(() => kit.close());

/** A picture of so many bytes. */
function nalUnit(bytes: number, isSync: boolean): Buffer {
  const unit = Buffer.alloc(bytes);
  unit.writeUInt32BE(bytes - 4);
  unit[4] = isSync ? 0x65 : 0x41; // nal_unit_type
  return unit;
}

it.skipIf(process.platform !== 'linux')(
  'a picture smaller than the mark comes in though nothing follows it',
  async () => {
    kit.want('studio');
    const recorder = record(kit.hubs.acquire('studio').hub);
    const port = await kit.ingest.listen(0, '127.0.0.1');
    const url = `rtmp://127.0.0.1:${port}/live/studio`;
    const protocol = protocolFor(url)!;
    const memory = { id: 'p', nextEpoch: async () => 1, load: async () => undefined, save: async () => true };
    const { dial } = openDial();
    const publisher = protocol.createPublisher(protocol.parseTarget(url, defaultDelivery), {
      dial,
      connectTimeoutMs: 5_000,
      memory,
    });
    const stop = new AbortController();
    await publisher.connect(stop.signal);

    const camera = new StreamHub('camera');
    const source = camera.begin();
    source.tracks([video, audio]);
    let dts = 0;
    const show = (bytes: number): void => {
      source.sample({ track: audio, dts, pts: dts, isSync: true, data: Buffer.alloc(300) });
      source.sample({ track: video, dts, pts: dts, isSync: dts === 0, data: nalUnit(bytes, dts === 0) });
      dts += 40;
    };
    const marks: number[] = [];
    const sizes = () => recorder.sent().map(({ data }) => data.length);
    marked.act = (bytes) => {
      marks.push(bytes);
      if (marks.length > 1) return;
      // The last thing that the publisher sends, and it stays connected.
      source.sample({ track: video, dts, pts: dts, isSync: false, data: nalUnit(50, false) });
    };
    const sent = publisher.send(camera.openFeed(publisher.wireFormat), stop.signal).catch(() => {});
    show(5_000);
    while (dts < 260 * 40) show(3_000);
    await expect.poll(sizes, { timeout: 2_000 }).toContain(50); // half a second, and what a busy machine adds
    expect(marks[0]).toBeGreaterThan(2 * 50);
    expect(marks.at(-1)).toBe(1);
    stop.abort();
    await sent;
  },
);
