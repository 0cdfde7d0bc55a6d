import { freePort } from '../../src/harness/ports.ts';
import { Child } from '../rig/child.ts';
import { pathOf } from '../rig/programs.ts';
import type { System } from './system.ts';

/** A C program that sends the batches that we send, and does nothing else. One stream only. */
export const rtmpFloor: System = {
  name: 'floor',
  label: 'C floor, one send per batch',
  async start({ sink, pushes, window }) {
    const port = await freePort();
    const args = ['-l', `${port}`, '-t', `${sink.rtmpPort}`, '-n', `${pushes}`, '-k', `${window}`];
    const floor = new Child(pathOf('rtmp_floor'), args);
    return {
      processes: () => [floor.pid],
      async begin(publish) {
        await floor.line('READY');
        await publish(port);
      },
      stop: () => floor.stop(),
    };
  },
};
