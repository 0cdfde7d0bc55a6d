import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BodyRecorder, type RecordedBody } from '../harness/body-recorder.ts';
import { compareDelivery, type Delivery } from '../harness/delivery.ts';
import { publishEncode, unpackToFlv } from '../harness/ffmpeg.ts';
import { figures } from '../harness/figures.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { IS_MEASURED, REPETITIONS } from '../harness/scenario.ts';
import type { TestProcess } from '../harness/test-process.ts';
import { until } from '../harness/until.ts';

const PUSHES_OF_EACH = 4;
const channels = Array.from({ length: PUSHES_OF_EACH }, (_, n) => n);
const protocols = ['m4s', 'tshttp'] as const;
const paths = protocols.flatMap((protocol) => channels.map((n) => `/${protocol}/${n}`));
/** Each worker gives its pushes to the other one, in turn. */
const MOVES = REPETITIONS + 1;
/** More than is needed: it is stopped. */
const ENCODED_SECONDS = 60 + 20 * MOVES;
/** From the last byte of one holder to the first byte of the next. */
const MAX_GAP_MS = IS_MEASURED ? 1_000 : 4_000;

describe('m4s and MPEG-TS pushes of a stream that is encoded live change hands', { timeout: 180_000 * MOVES }, () => {
  let directory: string;
  let sent: string;
  let target: BodyRecorder;
  let fleet: Fleet;
  let encoder: TestProcess;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pushfleet-handover-'));
    sent = join(directory, 'sent.flv');
    target = await BodyRecorder.start(directory);
    const pushes = paths.map((path) => `push ${path.split('/')[1]}://${target.authority}${path} pool=edge;`);
    fleet = await startFleet({
      config: `stream live { input publish://; ${pushes.join(' ')} }`,
      env: { PUSHFLEET_CLUSTER_KEY: 'k' },
    });
    encoder = publishEncode(`${fleet.worker('worker-1').rtmpUrl}/live`, sent, ENCODED_SECONDS, true);
    await fleet.addWorker({ PUSHFLEET_POOL: 'edge' });
    await untilSent(1);
    await fleet.addWorker({ PUSHFLEET_POOL: 'edge' });
  });

  afterAll(async () => {
    await encoder?.stop();
    await fleet?.stop();
    await target?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  /** Resolves when media of the nth body has come to each path, and some more after that. */
  async function untilSent(nth: number): Promise<void> {
    const isSent = ({ firstByteAt, lastByteAt }: RecordedBody) => lastByteAt! - firstByteAt! > 1_000;
    await until(() => paths.every((path) => target.of(path).filter(isSent).length >= nth), {
      what: () => `body ${nth} of each path: ${paths.map((path) => `${path} ${target.of(path).length}`)}`,
    });
  }

  /** Which of the packets that were sent are in this body. */
  async function contents(body: RecordedBody): Promise<{ video: Delivery; audio: Delivery }> {
    const flv = `${body.file}.flv`;
    await unpackToFlv(body.file, flv);
    return compareDelivery(sent, flv);
  }

  /** Packets that nobody has got between two bodies; below 0, those that both have. */
  const missing = (before: Delivery, after: Delivery) => after.skipped - (before.sent - before.unfinished);

  it('with no picture and no sound lost or sent twice, and the old connection is closed before the new one sends', async () => {
    const edges = ['worker-2', 'worker-3'];
    for (let move = 0; move < MOVES; move++) {
      const [from, to] = move % 2 === 0 ? edges : edges.toReversed();
      if (move > 0) await fleet.api.undrain(to!);
      await fleet.api.drain(from!);
      await untilSent(move + 2);
    }
    const pushes = await fleet.api.pushes();
    expect(pushes.length).toBe(paths.length);
    expect(pushes.filter((push) => push.failures_in_a_row > 0 || push.retries_total > 0)).toEqual([]);
    await fleet.writeConfig('stream live { input publish://; }');
    await until(() => target.bodies.every(({ endedAt }) => endedAt !== undefined), { what: 'all bodies to end' });
    await encoder.stop();
    expect(target.bodies.filter(({ isWhole }) => !isWhole)).toEqual([]);

    const gapsMs: number[] = [];
    const lost: Record<string, number[]> = { video: [], audio: [] };
    for (const path of paths) {
      const bodies = target.of(path);
      expect(bodies.length).toBe(MOVES + 1);
      const delivered = await Promise.all(bodies.map(contents));
      for (const { video, audio } of delivered) {
        expect(video).toMatchObject({ lost: 0, surplus: 0, startsWithKey: true });
        expect(audio).toMatchObject({ lost: 0, surplus: 0 });
      }
      for (const [index, after] of delivered.slice(1).entries()) {
        for (const kind of ['video', 'audio'] as const) lost[kind]!.push(missing(delivered[index]![kind], after[kind]));
        expect(bodies[index]!.endedAt).toBeLessThan(bodies[index + 1]!.firstByteAt!);
        gapsMs.push(bodies[index + 1]!.firstByteAt! - bodies[index]!.lastByteAt!);
      }
    }
    console.log(`last byte of one holder to first byte of the next: ${figures(gapsMs)}`);
    for (const [kind, counts] of Object.entries(lost)) {
      console.log(`${kind} lost at each move (sent twice, below 0): ${figures(counts, 'packets')}`);
    }
    expect(lost.video!.length).toBe(paths.length * MOVES);
    expect(lost.video!.filter((count) => count !== 0)).toEqual([]);
    expect(lost.audio!.filter((count) => count !== 0)).toEqual([]);
    expect(Math.max(...gapsMs)).toBeLessThan(MAX_GAP_MS);
  });
});
