import { randomUUID } from 'node:crypto';
import { type ControlMessage, connectRedis, Keys } from '@pushfleet/contract';
import { afterAll, describe, expect, inject, it, vi } from 'vitest';
import { ControlChannel } from './control-channel.ts';

const [publisher, subscriber] = [1, 2].map(() => connectRedis(inject('redisUrl'), () => {})) as [never, never];
afterAll(() => {
  for (const redis of [publisher, subscriber] as ReturnType<typeof connectRedis>[]) redis.disconnect();
});

describe('ControlChannel', () => {
  it('carries messages, and survives what others write to the channel', async () => {
    const keys = new Keys(`test-${randomUUID()}`);
    const channel = new ControlChannel(publisher, subscriber, keys);
    const heard: ControlMessage[] = [];
    await channel.listen((message) => heard.push(message));
    const stranger = connectRedis(inject('redisUrl'), () => {});
    for (const text of ['', '{"op":', 'null', '7']) await stranger.publish(keys.control, text);
    stranger.disconnect();
    await channel.send({ op: 'push', push: 'p1' });
    await vi.waitFor(() => expect(heard.at(-1)).toEqual({ op: 'push', push: 'p1' }));
  });
});
