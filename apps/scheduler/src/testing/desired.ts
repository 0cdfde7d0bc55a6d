import type { DesiredPush, DesiredStream } from '@pushfleet/contract';
import type { DesiredState } from '../push/desired-state.ts';

export function desiredPush(push: Partial<DesiredPush> = {}): DesiredPush {
  return {
    id: 'p1',
    stream: 'news',
    url: 'rtmp://a.example.com/live/secret-stream-key-1234',
    options: {},
    origin: 'api',
    override: null,
    restarts: 0,
    error: null,
    removed: false,
    revision: 5,
    createdAt: '2026-01-01T00:00:00.000Z',
    ...push,
  };
}

export function desiredStream(stream: Partial<DesiredStream> = {}): DesiredStream {
  return {
    name: 'news',
    spec: { inputs: ['publish://'] },
    origin: 'api',
    removed: false,
    revision: 1,
    createdAt: '2026-01-01T00:00:00.000Z',
    ...stream,
  };
}

export function desiredState(pushes: readonly DesiredPush[], streams = [desiredStream()]): DesiredState {
  return {
    pushes: new Map(pushes.map((push) => [push.id, push])),
    streams: new Map(streams.map((stream) => [stream.name, stream])),
  };
}
