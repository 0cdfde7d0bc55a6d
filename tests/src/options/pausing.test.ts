import { setTimeout as sleep } from 'node:timers/promises';
import { PushRequests } from '@pushfleet/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPushfleet } from '../harness/cli.ts';
import { CLIP } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { startRedis, type TestRedis } from '../harness/redis.ts';
import { type Publication, type RtmpSink, startRtmpSink } from '../harness/rtmp-sink.ts';
import { IS_MEASURED } from '../harness/scenario.ts';
import { startSilentTarget, type TcpTarget } from '../harness/tcp-targets.ts';
import { until } from '../harness/until.ts';

/** The target must see it within this time: less than the 1.5 s in which the reconciler would find it by itself. */
const SOON_MS = IS_MEASURED ? 1_000 : 1_300;
/** More than two rounds of the reconciler and several retries of those who retry: whoever wants to connect has done so. */
const QUIET_MS = 4_000;

type Action = 'pause' | 'resume';
interface Scene {
  readonly fleet: Fleet;
  readonly requests: PushRequests;
}
/** Says it, and answers when it was taken in by what carries it out, in ms of `performance.now()`. */
type Say = (scene: Scene, action: Action, id: string) => Promise<number>;

const ways: [string, Say][] = [
  ['the API', ({ fleet }, action, id) => startOf(() => fleet.api[action](id))],
  ['a job of the intake queue', ({ requests }, action, id) => startOf(() => requests.command(action, id))],
  ['the command line', sayByCommandLine],
];

async function startOf(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await act();
  return startedAt;
}

/** The time that Node takes to start is not the fleet's: what counts is when the scheduler noted the wish. */
async function sayByCommandLine({ fleet }: Scene, action: Action, id: string): Promise<number> {
  const startedAt = performance.now();
  const result = await runPushfleet(fleet, action, id, '--wait');
  expect(result).toEqual({ code: 0, stdout: `${id} ${action === 'pause' ? 'disabled' : 'running'}\n`, stderr: '' });
  const noted = await until(
    async () => {
      const { body } = await fleet.api.call('GET', `/api/v1/pushes/${id}/events`);
      const { events } = body as { events: { event: string; at: string }[] };
      return events.find(({ event }) => event === (action === 'pause' ? 'push_disabled' : 'push_enabled'));
    },
    { what: 'the event' },
  );
  const notedAt = Date.parse(noted.at) - performance.timeOrigin;
  console.log(
    `the command line: Node and the request took ${Math.round(notedAt - startedAt)} ms before the scheduler knew`,
  );
  return notedAt;
}

describe('a push that is disabled', () => {
  let redis: TestRedis;
  let sink: RtmpSink;
  let forbidden: TcpTarget;
  let fleet: Fleet;
  let requests: PushRequests;

  beforeAll(async () => {
    [redis, sink, forbidden] = await Promise.all([startRedis({ persist: true }), startRtmpSink(), startSilentTarget()]);
    fleet = await startFleet({ redis, config: config() });
    requests = new PushRequests(redis.url);
  });
  afterAll(async () => {
    await requests?.close();
    await fleet?.stop();
    await Promise.all([sink?.stop(), forbidden?.stop(), redis?.stop()]);
  });

  const config = (more = '') => `
    stream clip {
      input file://${CLIP};
      push ${urlOf('neighbour')};
      push rtmp://127.0.0.1:${forbidden.port}/forbidden/key retry_timeout=0.5 disabled;
      push ${urlOf('paused')};
      push ${urlOf('woken')} disabled;
      ${more}
    }`;

  /** The application is the name too: it can be read in what the API shows of the URL. */
  const urlOf = (name: string) => `rtmp://127.0.0.1:${sink.port}/${name}/${name}`;

  async function idOf(name: string): Promise<string> {
    const push = (await fleet.api.pushes()).find(({ url }) => url.includes(`/${name}/`));
    return push!.id;
  }

  /** The publication of this name by number, from 1 on, once its media come. */
  const untilMedia = (name: string, number: number): Promise<Publication & { firstMediaAt: number }> =>
    until(
      () => {
        const publication = sink.of(name)[number - 1];
        return publication?.firstMediaAt === undefined
          ? undefined
          : { ...publication, firstMediaAt: publication.firstMediaAt };
      },
      {
        what: () => `media of publication ${number} of ${name}; there are ${sink.of(name).length}`,
        everyMs: 5,
      },
    );

  it('by its option never connects, while its neighbours do', async () => {
    const id = await idOf('forbidden');
    await fleet.api.waitForStatus(await idOf('neighbour'), 'running');
    await fleet.api.waitForStatus(await idOf('paused'), 'running');
    await sleep(QUIET_MS);
    expect(forbidden.connectedAt).toEqual([]);
    expect(sink.of('woken')).toEqual([]);
    expect(await fleet.api.push(id)).toMatchObject({ status: 'disabled', disabled: true, paused: null, attempt: 0 });
    expect(await fleet.api.attempts(id)).toEqual([]);
    console.log(
      `disabled by its option: ${forbidden.connectedAt.length} connections, neighbours ${sink.open().length}`,
    );
  });

  it.each(ways)('by %s ends cleanly within a second, and starts within a second after the resume', async (way, say) => {
    const name = way.replaceAll(' ', '-');
    const { id } = await fleet.api.createPush({ stream: 'clip', url: urlOf(name) });
    await fleet.api.waitForStatus(id, 'running');

    const pausedAt = await say({ fleet, requests }, 'pause', id);
    const publication = sink.of(name)[0]!;
    await until(() => publication.connectionEnd, { what: 'the end of the connection' });
    const endMs = publication.closedAt! - pausedAt;
    expect(publication).toMatchObject({ goodbyes: ['FCUnpublish', 'deleteStream'], connectionEnd: 'fin' });
    expect(endMs).toBeLessThan(SOON_MS);
    const push = await fleet.api.waitForStatus(id, 'disabled');
    expect(push).toMatchObject({
      paused: { by: way === 'a job of the intake queue' ? 'intake' : 'api' },
      disabled: false,
    });
    expect(push).toMatchObject({ failures_in_a_row: 0, retries_total: 0, errors: {} });
    await sleep(QUIET_MS / 2);
    expect(sink.of(name)).toHaveLength(1);

    const resumedAt = await say({ fleet, requests }, 'resume', id);
    const next = await untilMedia(name, 2);
    const startMs = next.firstMediaAt - resumedAt;
    expect(startMs).toBeLessThan(SOON_MS);
    expect(await fleet.api.waitForStatus(id, 'running')).toMatchObject({ paused: null, failures_in_a_row: 0 });
    console.log(
      `pause by ${way}: end after ${Math.round(endMs)} ms; resume: publish after ${Math.round(next.publishedAt - resumedAt)} ms, media after ${Math.round(startMs)} ms`,
    );
  });

  it('stays so when everything is restarted after a power cut, and when the config file is read again', async () => {
    const made = await fleet.api.createPush({ stream: 'clip', url: urlOf('made') });
    const [ofFile, woken] = [await idOf('paused'), await idOf('woken')];
    await fleet.api.waitForStatus(made.id, 'running');
    await fleet.api.pause(made.id);
    await fleet.api.pause(ofFile);
    await fleet.api.resume(woken);
    const before = [
      await fleet.api.waitForStatus(made.id, 'disabled'),
      await fleet.api.waitForStatus(ofFile, 'disabled'),
    ];
    await fleet.api.waitForStatus(woken, 'running');
    const published = () => ['made', 'paused', 'woken', 'neighbour'].map((name) => sink.of(name).length);
    expect(published()).toEqual([1, 1, 1, 1]);

    await redis.persisted();
    for (const process of [fleet.scheduler, ...fleet.workers]) process.kill('SIGKILL');
    await redis.kill();
    await until(() => sink.open().length === 0, { what: 'the power cut' });
    await redis.restart();
    await fleet.replaceScheduler();
    await fleet.addWorker();
    const cutAt = Math.max(...sink.of('neighbour').map(({ closedAt }) => closedAt!));
    const { firstMediaAt } = await untilMedia('neighbour', 2);
    console.log(`power cut: the neighbour publishes again after ${Math.round(firstMediaAt - cutAt)} ms`);
    await fleet.api.waitForStatus(woken, 'running');

    const expectStill = async () => {
      await sleep(QUIET_MS);
      expect(published()).toEqual([1, 1, 2, 2]);
      for (const { id, paused } of before) {
        expect(await fleet.api.push(id)).toMatchObject({ status: 'disabled', desired: 'disabled', paused });
      }
      expect(forbidden.connectedAt).toEqual([]);
    };
    await expectStill();
    await fleet.writeConfig(config(`push ${urlOf('added')};`));
    await untilMedia('added', 1);
    await expectStill();

    for (const [id, name] of [
      [made.id, 'made'],
      [ofFile, 'paused'],
    ] as const) {
      const resumedAt = await startOf(() => fleet.api.resume(id));
      const next = await untilMedia(name, 2);
      expect(next.firstMediaAt - resumedAt).toBeLessThan(SOON_MS);
    }
  });
});
