import { freePort } from '../../src/harness/ports.ts';
import { Child } from '../rig/child.ts';
import { pathOf } from '../rig/programs.ts';
import { Schedule } from '../rig/schedule.ts';
import type { Load, RunningSystem, System } from './system.ts';

/** A C program that sends the batches that we send, and does nothing else. One stream only. */
export const floor: System = {
  name: 'floor',
  label: 'C floor, one send per batch',
  start: (load) => (load.protocol === 'rtmp' ? startRtmpFloor(load) : startHttpFloor(load, load.protocol)),
};

async function startRtmpFloor({ sink, pushes, window }: Load): Promise<RunningSystem> {
  const port = await freePort();
  const args = ['-l', `${port}`, '-t', `${sink.rtmpPort}`, '-n', `${pushes}`, '-k', `${window}`];
  const child = new Child(pathOf('rtmp_floor'), args);
  return {
    processes: () => [child.pid],
    async begin(publish) {
      await child.line('READY');
      await publish(port);
    },
    stop: () => child.stop(),
  };
}

/** Without any input: what it sends was made before. */
async function startHttpFloor(load: Load, protocol: 'tshttp' | 'm4s' | 'hls'): Promise<RunningSystem> {
  const schedule = await Schedule.create(load.clip, protocol, load.window);
  const mode = protocol === 'hls' ? 'put' : 'post';
  const args = ['-m', mode, '-t', `${load.sink.httpPort}`, '-n', `${load.pushes}`, '-f', schedule.file];
  const child = new Child(pathOf('http_floor'), args);
  return {
    processes: () => [child.pid],
    begin: async () => {
      await child.line('READY');
    },
    async stop() {
      await child.stop();
      await schedule.remove();
    },
  };
}
