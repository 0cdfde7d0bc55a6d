import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Api } from '../harness/api.ts';
import { CLIP } from '../harness/ffmpeg.ts';
import { freePort } from '../harness/ports.ts';
import { descendants, isRunning } from '../harness/process-table.ts';
import { type RtmpSink, startRtmpSink } from '../harness/rtmp-sink.ts';
import { TestProcess } from '../harness/test-process.ts';
import { until } from '../harness/until.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..', '..');
const PROCESSES = ['npm', 'run.mjs', 'up', 'Redis', 'scheduler', 'worker'];

let directory: string;
let sink: RtmpSink;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-start-'));
  sink = await startRtmpSink();
});
afterAll(async () => {
  await sink.stop();
  await rm(directory, { recursive: true });
});

/** `npm start` of this repository with its own Redis, up to the point where media reach the target. */
async function npmStart(name: string): Promise<{ npm: TestProcess; family: number[] }> {
  const config = join(directory, `${name}.conf`);
  await writeFile(config, `stream ${name} { input file://${CLIP}; push ${sink.url}/${name}; }`);
  const port = await freePort();
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PUSHFLEET_CONFIG: config,
    PUSHFLEET_PORT: `${port}`,
    PUSHFLEET_RTMP_PORT: '0',
    PUSHFLEET_HTTP_PORT: '0',
  };
  delete env.REDIS_URL;
  const npm = new TestProcess(`start-${name}`, 'npm', ['start'], { cwd: REPOSITORY, env });
  const api = new Api(`http://127.0.0.1:${port}`);
  const push = await until(async () => (await api.pushes())[0], {
    what: () => `the API; npm start said:\n${npm.output}`,
  });
  await api.waitForStatus(push.id, 'running');
  await until(() => sink.of(name)[0]?.videoMessages, { what: 'media at the target' });
  const family = [npm.pid, ...descendants(npm.pid)];
  expect(family.length).toBeGreaterThanOrEqual(PROCESSES.length);
  return { npm, family };
}

it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
  'npm start leaves nothing behind after %s to npm',
  async (signal) => {
    const { npm, family } = await npmStart(signal.toLowerCase());
    npm.kill(signal);
    await until(() => !family.some(isRunning), {
      what: () => `the end of ${family.filter(isRunning)}; npm start said:\n${npm.output}`,
    });
    await until(() => sink.open().length === 0, { what: 'the end of the push' });
  },
);
