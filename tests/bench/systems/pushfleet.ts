import { BenchFleet } from '../bench-fleet.ts';
import { SEGMENT_MS } from '../rig/schedule.ts';
import { type Load, rtmpTargets, type System, streamName } from './system.ts';

/** Ours, whole: one worker process that takes the streams in, with its scheduler and its Redis beside it. */
export const pushfleet = workers('pushfleet', 'Pushfleet, one worker', 1);
/** Two worker processes behind one port: one takes a stream in, and the other fetches it from there. */
export const pushfleetPair = workers('pushfleet-x2', 'Pushfleet, --processes 2', 2);

function workers(name: string, label: string, processes: number): System {
  return {
    name,
    label,
    async start(load) {
      const settings = load.window === 1 ? {} : { PUSHFLEET_FLUSH_FRAMES: `${load.window}` };
      const fleet = await BenchFleet.start(1, settings, processes);
      return {
        processes: () => fleet.workerProcesses,
        beside: fleet.besideProcesses,
        async begin(publish) {
          await fleet.configure(configText(load));
          await fleet.untilHeld(load.pushes, 'waiting');
          await publish(fleet.rtmpPorts[0]!);
        },
        stop: () => fleet.stop(),
      };
    },
  };
}

function configText(load: Load): string {
  const streams = Array.from({ length: load.streams }, (_, stream) => {
    const pushes = targetsOf(load, stream).map((url) => `  push ${url};\n`);
    const segments = load.protocol === 'hls' ? `  segment_duration ${SEGMENT_MS / 1_000};\n` : '';
    return `stream ${streamName(stream)} {\n  input publish://;\n${segments}${pushes.join('')}}\n`;
  });
  return streams.join('');
}

function targetsOf(load: Load, stream: number): string[] {
  if (load.protocol === 'rtmp') return rtmpTargets(load, stream);
  const names = Array.from({ length: load.pushes / load.streams }, (_, push) => `d${stream}-${push}`);
  const end = load.protocol === 'hls' ? '/index.m3u8' : '';
  return names.map((name) => `${load.protocol}://127.0.0.1:${load.sink.httpPort}/${name}${end}`);
}
