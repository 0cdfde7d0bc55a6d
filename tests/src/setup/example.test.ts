import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../harness/api.ts';
import { cleanEnvironment, PINNED_NODE } from '../harness/fleet.ts';
import { probe } from '../harness/media-judges.ts';
import { freePort } from '../harness/ports.ts';
import { TestProcess } from '../harness/test-process.ts';
import { runTool } from '../harness/tool.ts';
import { until } from '../harness/until.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..', '..');

let up: TestProcess;
let api: Api;
let httpUrl: string;

/** What `npm start` runs once everything is installed, with ports of its own; those of the receivers stand in the example. */
beforeAll(async () => {
  const [port, httpPort] = [await freePort(), await freePort()];
  const ports = { PUSHFLEET_PORT: `${port}`, PUSHFLEET_RTMP_PORT: '0', PUSHFLEET_HTTP_PORT: `${httpPort}` };
  const args = ['apps/cli/src/main.ts', 'up', '--demo', '--config', 'examples/pushfleet.conf'];
  up = new TestProcess('up-demo', PINNED_NODE, args, { cwd: REPOSITORY, env: cleanEnvironment(ports) });
  api = new Api(`http://127.0.0.1:${port}`);
  httpUrl = `http://127.0.0.1:${httpPort}`;
  await until(async () => (await api.pushes()).length > 0, { what: () => `the API; it said:\n${up.output}` });
});

afterAll(() => up?.stop());

describe('the example', () => {
  it.each(['rtmp', 'tshttp', 'hls', 'm4s'])('pushes by %s', async (protocol) => {
    const pushes = await api.pushes({ stream: 'demo' });
    const push = pushes.find((each) => each.protocol === protocol && !each.disabled && each.retry_limit === null);
    const { errors } = await api.waitForStatus(push!.id, 'running');
    // The receivers may be there a moment after the first attempt.
    expect(Object.keys(errors).filter((code) => code !== 'connect_refused')).toEqual([]);
  });

  it('shows one push that is paused, and one that fails for good', async () => {
    const pushes = await api.pushes({ stream: 'demo' });
    expect(pushes.filter(({ status }) => status === 'disabled')).toHaveLength(1);
    const failing = pushes.find(({ retry_limit }) => retry_limit === 3)!;
    await api.waitForStatus(failing.id, 'error');
  });

  it('says what arrives at its receivers, and where to publish', async () => {
    for (const name of ['demo', 'demo/mpegts', 'hls/demo'])
      await up.waitForLog(`${name} arrives at the local receiver`);
    await up.waitForLog(`${httpUrl}/studio/mpegts`);
  });

  it('serves the HLS that it pushes', async () => {
    const playlist = 'http://127.0.0.1:19351/hls/demo/index.m3u8';
    const streams = await until(() => probe(playlist), { what: 'the playlist' });
    expect(streams.map(({ codec_name }) => codec_name).sort()).toEqual(['aac', 'h264']);
  });

  it('takes its own stream in by m4s and plays it over HTTP', async () => {
    await until(async () => (await api.stream('relay')).source?.worker === 'worker-1', { what: 'the relay' });
    for (const format of ['mpegts', 'm4s']) {
      const args = ['-v', 'error', '-xerror', '-t', '2', '-i', `${httpUrl}/relay/${format}`, '-f', 'null', '-'];
      expect(await runTool('ffmpeg', args)).toMatchObject({ code: 0, stderr: '' });
    }
  });
});
