import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareDelivery } from './delivery.ts';
import { CLIP } from './ffmpeg.ts';
import { runTool } from './tool.ts';

let directory: string;
let sent: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-delivery-'));
  sent = await copy('sent.flv', CLIP);
});
afterAll(() => rm(directory, { recursive: true }));

/** The input with some of its packets, as an expression of ffmpeg's noise filter says. */
async function copy(name: string, input: string, dropVideo = '0'): Promise<string> {
  const file = join(directory, name);
  const args = ['-v', 'error', '-i', input, '-c', 'copy', '-bsf:v', `noise=drop='${dropVideo}'`, file];
  expect((await runTool('ffmpeg', args)).stderr).toBe('');
  return file;
}

describe('the comparison of what was sent and received', () => {
  it('finds no difference where there is none', async () => {
    const same = { lost: 0, surplus: 0, skipped: 0, unfinished: 0, shiftMs: 0, jitterMs: 0 };
    expect(await compareDelivery(sent, await copy('whole.flv', sent))).toMatchObject({
      video: { ...same, sent: 400, received: 400 },
      audio: { ...same, sent: 750, received: 750 },
    });
  });

  it('sees packets that are missing at the beginning, in the middle and at the end', async () => {
    const { video } = await compareDelivery(
      sent,
      await copy('holes.flv', sent, 'lt(n,100)+eq(n,201)+eq(n,202)+gte(n,390)'),
    );
    expect(video).toMatchObject({ received: 288, skipped: 100, lost: 2, unfinished: 10, surplus: 0 });
  });

  it('sees packets that came twice', async () => {
    const { video } = await compareDelivery(await copy('few.flv', sent, 'eq(n,201)+eq(n,202)'), sent);
    expect(video).toMatchObject({ sent: 398, received: 400, lost: 0, surplus: 2 });
  });
});
