import type { DesiredStream } from '@pushfleet/contract';
import type { Sample, Track } from '@pushfleet/protocols';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { StreamHub } from './stream-hub.ts';
import { StreamInputs } from './stream-input.ts';

const sound: Track = {
  kind: 'audio',
  codec: 'aac',
  timescale: 1000,
  config: Buffer.from('1190', 'hex'),
  bitrateBps: 0,
  sampleRate: 48_000,
  channels: 2,
};
const beep: Sample = { track: sound, dts: 0, pts: 0, isSync: true, data: Buffer.from([0]) };

const opened: StreamInputs[] = [];
afterEach(() => {
  for (const inputs of opened.splice(0)) inputs.close();
});

function open(stream: () => Promise<DesiredStream | undefined>) {
  const hub = new StreamHub('cam');
  const dialled = vi.fn(() => new Promise<never>(() => {}));
  const inputs = new StreamInputs(hub, {
    stream,
    live: { find: async () => undefined } as never,
    log: pino({ level: 'silent' }),
    dial: () => dialled,
    sourceTimeoutMs: 10_000,
    pullUrl: () => 'rtmp://127.0.0.1/live/cam',
  });
  opened.push(inputs);
  return { hub, inputs, dialled };
}

const pulled: DesiredStream = {
  name: 'cam',
  spec: { inputs: ['rtmp://127.0.0.1/live/cam', 'publish://'] },
  origin: 'file',
  removed: false,
  revision: 1,
  createdAt: '',
};

describe('StreamInputs', () => {
  it('leave the hub to a publisher that comes while another input is being chosen', async () => {
    const choice = Promise.withResolvers<DesiredStream>();
    const { hub, inputs, dialled } = open(() => choice.promise);
    const source = inputs.publish();
    choice.resolve(pulled);
    await new Promise(setImmediate);
    source.tracks([sound]);
    source.sample(beep);
    expect(hub.live).toBe(true);
    expect(dialled).not.toHaveBeenCalled();
  });

  it('keep a newer publication when an older one ends late', () => {
    const { inputs } = open(async () => pulled);
    const older = inputs.publish();
    inputs.publish();
    older.end();
    expect(inputs.published).toBe(true);
  });

  it('choose anew when the inputs change, and let a title change pass', async () => {
    let wanted = pulled;
    const { inputs, dialled } = open(async () => wanted);
    await vi.waitFor(() => expect(dialled).toHaveBeenCalledTimes(1));
    const [{ signal }] = dialled.mock.calls[0] as unknown as [{ signal: AbortSignal }];
    wanted = { ...pulled, revision: 2, spec: { ...pulled.spec, title: 'Camera' } };
    inputs.reconsider(wanted);
    expect(signal.aborted).toBe(false);
    wanted = { ...wanted, revision: 3, spec: { inputs: ['rtmp://127.0.0.1/live/other'] } };
    inputs.reconsider(wanted);
    expect(signal.aborted).toBe(true);
  });

  it('say what is wrong when the settings cannot be used, and go on', async () => {
    const broken = { ...pulled, spec: { inputs: [7] } } as unknown as DesiredStream;
    const { inputs } = open(async () => broken);
    await vi.waitFor(() => expect(inputs.reason).toBe('the settings of the stream cannot be read'));
  });
});
