import type { DesiredStream } from '@pushfleet/contract';
import { PublishError, type VideoTrack } from '@pushfleet/protocols';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InputIdleError, type InputOpener, type Opening } from './input-opener.ts';
import type { SourceEvents } from './source-events.ts';
import { StreamHub } from './stream-hub.ts';
import { type InputSwitch, StreamInputs } from './stream-input.ts';
import { record } from './testing/recorder.ts';
import { audio, picture, sound, video } from './testing/samples.ts';

const [PRIMARY, BACKUP, PUBLISH] = ['rtmp://primary/live/cam', 'file:///slate.mp4', 'publish://'];

/** An input that was opened, as its server sees it. */
interface Played {
  readonly url: string;
  readonly signal: AbortSignal;
  readonly source: SourceEvents;
  end(): void;
  fail(detail: string): void;
}

/** A fleet in which every URL can be opened and gives what the test says. */
class FakeOpener implements InputOpener {
  readonly played: Played[] = [];
  /** Name of the worker to which the stream is published, if any. */
  holder: string | undefined;
  lookups = 0;

  published(): () => Promise<Opening> {
    return async () => {
      this.lookups += 1;
      const { holder } = this;
      if (holder === undefined) throw new InputIdleError('nobody publishes the stream');
      return { ...this.#opening(holder), isCurrent: async () => this.holder === holder };
    };
  }

  url(url: string): () => Promise<Opening> {
    return async () => this.#opening(url);
  }

  /** Those of this URL that are open now. */
  open(url: string): Played[] {
    return this.played.filter((played) => played.url === url && !played.signal.aborted);
  }

  #opening(url: string): Opening {
    const run = (source: SourceEvents, signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        const fail = (detail: string) => reject(new PublishError('source_lost', detail));
        this.played.push({ url, signal, source, end: resolve, fail });
      });
    return { what: `the input ${url}`, run, isCurrent: async () => true };
  }
}

const stream = (inputs: readonly string[], spec = {}): DesiredStream => ({
  name: 'cam',
  spec: { inputs: [...inputs], ...spec },
  origin: 'file',
  removed: false,
  revision: 1,
  createdAt: '',
});

/** A picture and what follows it, every 40 ms of real time. */
class Camera {
  readonly #source: SourceEvents;
  readonly #track: VideoTrack;
  #dts: number;
  #frames = 0;

  constructor(source: SourceEvents, { dts = 0, track = { ...video } } = {}) {
    this.#source = source;
    this.#track = track;
    this.#dts = dts;
    source.tracks([track]);
  }

  /** `syncAt`: which frame of every 25 is a sync sample. */
  async run(seconds: number, syncAt = 0): Promise<void> {
    for (let left = seconds * 25; left > 0; left--) {
      this.#source.sample(picture(this.#dts, this.#frames++ % 25 === syncAt, this.#track));
      this.#dts += 40;
      await vi.advanceTimersByTimeAsync(40);
    }
  }
}

const opened: StreamInputs[] = [];
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  for (const inputs of opened.splice(0)) inputs.close();
  vi.useRealTimers();
});

function open(wanted: () => Promise<DesiredStream | undefined>) {
  const hub = new StreamHub('cam');
  const opener = new FakeOpener();
  const switches: InputSwitch[] = [];
  const inputs = new StreamInputs(hub, {
    opener,
    stream: wanted,
    sourceTimeoutMs: 10_000,
    switched: (change) => void switches.push(change),
    log: pino({ level: 'silent' }),
  });
  opened.push(inputs);
  setInterval(() => inputs.tick(), 240); // ends with the clock of the test
  const { sent } = record(hub);
  const timesMs = () => sent().map(({ dts, track }) => (dts * 1000) / track.timescale);
  return { hub, inputs, opener, switches, sent, timesMs };
}

const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

describe('StreamInputs', () => {
  it('open the first input alone', async () => {
    const { opener, inputs } = open(async () => stream([PRIMARY, BACKUP]));
    await settle();
    expect(opener.played.map(({ url }) => url)).toEqual([PRIMARY]);
    await new Camera(opener.played[0]!.source).run(2);
    expect([opener.played.length, inputs.feeding]).toEqual([1, 1]);
  });

  it('go to the second when the first fails, and back to it on its first sync sample; the line of time goes on', async () => {
    const { hub, opener, inputs, switches, timesMs } = open(async () => stream([PRIMARY, BACKUP]));
    await settle();
    await new Camera(opener.open(PRIMARY)[0]!.source).run(12);
    opener.open(PRIMARY)[0]!.fail('the server has gone');
    await settle();
    expect(hub.live).toBe(false);
    const slate = new Camera(opener.open(BACKUP)[0]!.source, { dts: 77_000 });
    await slate.run(2);
    expect(inputs.feeding).toBe(2);
    const primary = new Camera(opener.open(PRIMARY)[0]!.source, { dts: 5 });
    const both = async (seconds: number) => Promise.all([slate.run(seconds), primary.run(seconds, 20)]);
    await both(1);
    expect(inputs.feeding).toBe(1);
    expect(opener.open(BACKUP)).toEqual([]);
    expect(switches.map(({ input, message }) => [input, message])).toEqual([
      [1, 'input 1 feeds the stream'],
      [2, expect.stringContaining('input 2 feeds the stream; input 1: the input rtmp://')],
      [1, 'input 1 feeds the stream'],
    ]);
    const steps = timesMs()
      .slice(1)
      .map((time, index) => time - timesMs()[index]!);
    expect(Math.min(...steps)).toBeGreaterThan(0);
    expect(Math.max(...steps)).toBeLessThanOrEqual(81);
  });

  it('go to the second when the first stays connected and gives nothing for source_timeout', async () => {
    const { opener, inputs, switches } = open(async () => stream([PRIMARY, BACKUP], { source_timeout: 3 }));
    await settle();
    const first = opener.played[0]!;
    await new Camera(first.source).run(1);
    await settle(2_800);
    expect([first.signal.aborted, opener.open(BACKUP).length]).toEqual([false, 0]);
    await settle(500);
    expect([first.signal.aborted, opener.open(BACKUP).length]).toEqual([true, 1]);
    await new Camera(opener.open(BACKUP)[0]!.source).run(1);
    expect(inputs.feeding).toBe(2);
    expect(switches.at(-1)?.message).toContain('it has been silent for 3 s');
  });

  it('open the second beside a first that never comes', async () => {
    const { opener } = open(async () => stream([PRIMARY, BACKUP], { source_timeout: 3 }));
    await settle(2_500);
    expect(opener.open(BACKUP)).toHaveLength(0);
    await settle(1_000);
    expect([opener.open(PRIMARY).length, opener.open(BACKUP).length]).toEqual([1, 1]);
  });

  it('advance the line by the silence between two inputs', async () => {
    const { opener, timesMs } = open(async () => stream([PRIMARY, BACKUP]));
    await settle();
    await new Camera(opener.played[0]!.source).run(1);
    opener.played[0]!.end();
    await settle(5_000);
    await new Camera(opener.open(BACKUP).at(-1)!.source, { dts: 123_456 }).run(1);
    const gaps = timesMs()
      .slice(1)
      .map((time, index) => Math.round(time - timesMs()[index]!));
    expect(gaps.filter((gap) => gap !== 40)).toEqual([5_040]);
  });

  it('try the first one less and less often while the second works, and every second when nothing does', async () => {
    const { opener } = open(async () => stream([PRIMARY, BACKUP]));
    await settle();
    opener.open(PRIMARY)[0]!.fail('refused');
    await settle();
    const slate = new Camera(opener.open(BACKUP)[0]!.source);
    const triedAt: number[] = [];
    for (let second = 0; second < 60; second++) {
      for (const played of opener.open(PRIMARY)) {
        triedAt.push(second);
        played.fail('refused');
      }
      await slate.run(1);
    }
    expect(triedAt.length).toBeGreaterThan(5);
    expect(triedAt.length).toBeLessThan(12);
    opener.open(BACKUP)[0]!.fail('gone');
    const before = opener.played.length;
    for (let second = 0; second < 10; second++) {
      for (const played of [...opener.open(PRIMARY), ...opener.open(BACKUP)]) played.fail('refused');
      await settle(1_250);
    }
    expect(opener.played.length - before).toBeGreaterThanOrEqual(16);
  });

  it('do not go back at once to one that replays old pictures and then says nothing', async () => {
    const { opener, inputs } = open(async () => stream([PRIMARY, BACKUP], { source_timeout: 2 }));
    await settle();
    opener.open(PRIMARY)[0]!.fail('refused');
    await settle();
    const fedBy: (number | undefined)[] = [];
    const replayed = new Set<Played>();
    const slates = new Map<Played, Camera>();
    for (let second = 0; second < 60; second++) {
      for (const played of opener.open(PRIMARY)) {
        if (replayed.has(played)) continue;
        replayed.add(played);
        played.source.tracks([video]);
        played.source.sample(picture(0, true));
      }
      for (const played of opener.open(BACKUP)) {
        if (!slates.has(played)) slates.set(played, new Camera(played.source));
      }
      const [played] = opener.open(BACKUP);
      await (played === undefined ? settle(1_000) : slates.get(played)!.run(1));
      fedBy.push(inputs.feeding);
    }
    expect(replayed.size).toBeGreaterThan(3);
    expect(fedBy.filter((input) => input === 1).length).toBeLessThanOrEqual(4);
    expect(fedBy.slice(10)).not.toContain(1);
  });

  it('say why none of them works', async () => {
    const { opener, inputs } = open(async () => stream([PUBLISH, PRIMARY]));
    await settle();
    opener.open(PRIMARY)[0]!.fail('connection refused');
    await settle();
    expect(inputs.reason).toMatch(
      /^input 1: nobody publishes the stream; input 2: the input rtmp:.*\(connection refused\)$/,
    );
  });

  it.each([
    ['it does not exist', async () => undefined, 'the stream does not exist'],
    ['it is disabled', async () => stream([PRIMARY], { disabled: true }), 'the stream is disabled'],
    ['it has no input', async () => stream([]), 'the stream has no input'],
    ['its settings cannot be read', () => Promise.reject(new Error('no')), 'the settings of the stream cannot be read'],
    ['its settings cannot be used', async () => stream([7 as never]), 'the settings of the stream cannot be read'],
  ])('open nothing when %s, and say so', async (_what, wanted, reason) => {
    const { opener, inputs } = open(wanted);
    await settle(3_000);
    expect([opener.played.length, inputs.reason]).toEqual([0, reason]);
  });

  it('read settings again that could not be read', async () => {
    let reads = 0;
    const { opener } = open(async () => (++reads > 2 ? stream([PRIMARY]) : Promise.reject(new Error('Redis is away'))));
    await settle(3_000);
    expect(opener.open(PRIMARY)).toHaveLength(1);
  });
});

describe('StreamInputs with a publisher', () => {
  it('let it feed the stream at once, even before the settings are known', async () => {
    const settings = Promise.withResolvers<DesiredStream>();
    const { hub, inputs, opener } = open(() => settings.promise);
    const source = inputs.publish();
    source.tracks([video]);
    source.sample(picture(0, true));
    expect(hub.live).toBe(true);
    settings.resolve(stream([PUBLISH]));
    await settle(2_000);
    expect([hub.live, inputs.published, opener.lookups]).toEqual([true, true, 0]);
  });

  it('leave the stream to a better input that works, and take the publisher when that one fails', async () => {
    const { inputs, opener } = open(async () => stream([PRIMARY, PUBLISH]));
    await settle();
    const primary = new Camera(opener.open(PRIMARY)[0]!.source);
    await primary.run(1);
    const publisher = new Camera(inputs.publish());
    const both = (seconds: number) => Promise.all([primary.run(seconds), publisher.run(seconds)]);
    await both(3);
    expect([inputs.feeding, inputs.published]).toEqual([1, true]);
    opener.open(PRIMARY)[0]!.end();
    await publisher.run(1.2);
    expect(inputs.feeding).toBe(2);
  });

  it('leave a worse input on the first sync sample of the publisher, and go back to it when he leaves', async () => {
    const { inputs, opener, sent } = open(async () => stream([PUBLISH, BACKUP]));
    await settle();
    const slate = new Camera(opener.open(BACKUP)[0]!.source);
    await slate.run(1);
    const source = inputs.publish();
    const track = { ...video, width: 1920 };
    const publisher = new Camera(source, { track });
    await Promise.all([slate.run(1), publisher.run(1, 10)]);
    expect([inputs.feeding, opener.open(BACKUP).length]).toEqual([1, 0]);
    const change = sent().findIndex((sample) => sample.track === track);
    expect(sent()[change]?.isSync).toBe(true);
    expect(
      sent()
        .slice(change)
        .every((sample) => sample.track === track),
    ).toBe(true);
    source.end();
    await settle();
    await new Camera(opener.open(BACKUP)[0]!.source).run(1);
    expect([inputs.feeding, inputs.published]).toEqual([2, false]);
  });

  it('go to the next input when he stays connected and is silent, and back when he speaks again', async () => {
    const { inputs, opener, switches } = open(async () => stream([PUBLISH, BACKUP], { source_timeout: 3 }));
    const publisher = new Camera(inputs.publish());
    await publisher.run(2);
    await settle(3_300);
    const slate = new Camera(opener.open(BACKUP)[0]!.source);
    await slate.run(1);
    expect([inputs.feeding, switches.at(-1)?.message]).toEqual([
      2,
      'input 2 feeds the stream; input 1: the publisher is silent',
    ]);
    await Promise.all([slate.run(1), publisher.run(1, 5)]);
    expect(inputs.feeding).toBe(1);
  });

  it('hold a silent one for as long as there is nothing else', async () => {
    const { hub, inputs } = open(async () => stream([PUBLISH]));
    const publisher = new Camera(inputs.publish());
    await publisher.run(1);
    await settle(60_000);
    expect(hub.live).toBe(true);
    await publisher.run(0.5, 24);
    expect(hub.quietMs).toBeLessThan(100);
  });

  it('keep a newer publication when an older one ends late', () => {
    const { inputs } = open(async () => stream([PUBLISH]));
    const older = inputs.publish();
    const newer = inputs.publish();
    newer.tracks([audio]);
    newer.sample(sound(0));
    older.end();
    expect([inputs.published, inputs.feeding]).toEqual([true, undefined]); // the settings are still being read
  });

  it('find one at another worker as soon as they hear of him, and follow him', async () => {
    const { inputs, opener } = open(async () => stream([PUBLISH, BACKUP]));
    await settle();
    const slate = new Camera(opener.open(BACKUP)[0]!.source);
    await slate.run(30);
    opener.holder = 'w-2';
    inputs.refresh();
    await settle();
    expect(opener.open('w-2')).toHaveLength(1);
    const publisher = new Camera(opener.open('w-2')[0]!.source);
    await publisher.run(1);
    expect(inputs.feeding).toBe(1);
    opener.holder = 'w-3';
    inputs.refresh();
    await publisher.run(0.4); // what was on its way still arrives
    expect(inputs.feeding).toBe(1);
    await settle(400);
    expect([opener.open('w-2').length, opener.open('w-3').length]).toEqual([0, 1]);
  });
});

describe('StreamInputs whose settings change', () => {
  it('let a change pass that does not concern them', async () => {
    const { inputs, opener } = open(async () => stream([PRIMARY]));
    await settle();
    inputs.reconsider({ ...stream([PRIMARY], { title: 'Camera' }), revision: 2 });
    await settle(1_000);
    expect(opener.played.map(({ signal }) => signal.aborted)).toEqual([false]);
  });

  it('close what is not wanted any more', async () => {
    const { hub, inputs, opener } = open(async () => stream([PRIMARY]));
    await settle();
    await new Camera(opener.played[0]!.source).run(1);
    inputs.reconsider(stream([BACKUP]));
    await settle();
    expect(opener.played.map(({ url, signal }) => [url, signal.aborted])).toEqual([
      [PRIMARY, true],
      [BACKUP, false],
    ]);
    expect(hub.live).toBe(false);
  });

  it('go on with the input that feeds the stream when its place in the list changes', async () => {
    const { inputs, opener } = open(async () => stream([BACKUP]));
    await settle();
    const slate = new Camera(opener.open(BACKUP)[0]!.source);
    await slate.run(1);
    inputs.reconsider(stream([PRIMARY, BACKUP]));
    await settle();
    expect([inputs.feeding, opener.open(BACKUP).length, opener.open(PRIMARY).length]).toEqual([2, 1, 1]);
    await new Camera(opener.open(PRIMARY)[0]!.source).run(1);
    expect([inputs.feeding, opener.open(BACKUP).length]).toEqual([1, 0]);
  });

  it('open nothing any more once they are closed', async () => {
    const { inputs, opener } = open(async () => stream([PRIMARY, BACKUP]));
    await settle();
    inputs.close();
    inputs.reconsider(stream([BACKUP]));
    await settle(5_000);
    expect(opener.played.map(({ signal }) => signal.aborted)).toEqual([true]);
  });
});
