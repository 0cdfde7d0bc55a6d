import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RtmpReceiver } from './rtmp-receiver.ts';

const publishTwoSeconds = (url: string): Promise<unknown> => {
  const source = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25', '-f', 'lavfi', '-i', 'sine'];
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac', '-t', '2'];
  return promisify(execFile)('ffmpeg', ['-v', 'error', ...source, ...codecs, '-f', 'flv', url]);
};

describe('RtmpReceiver', () => {
  let receiver: RtmpReceiver;
  let port: number;
  beforeEach(async () => {
    receiver = new RtmpReceiver();
    port = await receiver.listen(0, '127.0.0.1');
  });
  afterEach(() => receiver.close());

  it('counts what ffmpeg publishes, by name', async () => {
    await publishTwoSeconds(`rtmp://127.0.0.1:${port}/live/demo`);
    const [demo, ...others] = receiver.look();
    expect(others).toEqual([]);
    expect(demo).toMatchObject({ name: 'demo' });
    expect(demo!.bytes).toBeGreaterThan(10_000);
    expect(demo!.bitrateBps).toBeGreaterThan(0);
    expect(receiver.look()).toEqual([{ name: 'demo', bytes: demo!.bytes, bitrateBps: 0 }]);
  });

  it('goes on counting when the name is published again', async () => {
    await publishTwoSeconds(`rtmp://127.0.0.1:${port}/live/demo`);
    const { bytes } = receiver.look()[0]!;
    await publishTwoSeconds(`rtmp://127.0.0.1:${port}/live/demo`);
    expect(receiver.look()[0]!.bytes).toBeGreaterThan(bytes);
  });

  it('says so when its port is taken', async () => {
    await expect(new RtmpReceiver().listen(port, '127.0.0.1')).rejects.toThrow('EADDRINUSE');
  });
});
