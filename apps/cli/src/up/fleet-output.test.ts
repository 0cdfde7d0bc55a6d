import { expect, it } from 'vitest';
import type { Context } from '../context.ts';
import { noPaint } from '../terminal/style.ts';
import { streamView } from '../testing/views.ts';
import { fleetOutput } from './fleet-output.ts';
import { unknownFleet } from './fleet-state.ts';

it('tells each address once, as soon as it is known: a worker may listen later than the scheduler answers', () => {
  let written = '';
  const output = fleetOutput({ stdout: { write: (text) => (written += text) }, paint: noPaint } as Context);
  const told = (): string[] => {
    const lines = written.split('\n').filter((line) => line !== '');
    written = '';
    return lines.map((line) => line.trim().replace(/ {2,}.*/, ''));
  };
  const silent = unknownFleet('http://127.0.0.1:8080');
  output.show(silent);
  expect(told()).toEqual([]);
  const answering = { ...silent, answering: true, answered: true, streams: [streamView({ inputs: ['publish://'] })] };
  output.show(answering);
  expect(told()).toEqual(['Dashboard', 'API', 'Bull Board']);
  const serving = { ...answering, rtmp: '127.0.0.1:1935', http: '127.0.0.1:8081' };
  output.show(serving);
  expect(told()).toEqual(['RTMP ingest', 'with ffmpeg', 'with OBS', 'HTTP ingest', 'Worker']);
  output.show(serving);
  expect(told()).toEqual([]);
});
