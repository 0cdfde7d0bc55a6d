// The short form of two benchmarks: that the bytes of a stream are still shared by its pushes, and that nothing grows faster than they do.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { exponent } from '../../bench/measure/statistics.ts';
import { whyNoPrograms } from '../../bench/rig/programs.ts';
import type { Run } from '../../bench/rig/run.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'bench', 'main.ts');
const FEW = 50;
const MANY = 150;
/** A clip may have to be made, and other tests have the CPU, too. */
const TIMEOUT_MS = 400_000;

const reason = whyNoPrograms();
if (reason !== undefined) console.warn(`fan-out is not measured: ${reason}`);

describe.skipIf(reason !== undefined)('one stream to many RTMP targets', () => {
  let few: Run;
  let many: Run;
  let nginx: Run;

  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pushfleet-bench-'));
    [few] = (await measure(directory, FEW, 'pushfleet')) as [Run];
    [many, nginx] = (await measure(directory, MANY, 'pushfleet,nginx')) as [Run, Run];
    await rm(directory, { recursive: true });
  }, TIMEOUT_MS);

  it('arrives byte by byte', () => {
    for (const { latency } of [few, many]) {
      expect(latency!.pictures).toBeGreaterThan(50);
      expect(latency!.missed / latency!.pictures).toBeLessThan(0.05); // those that are late on a busy machine
    }
  });

  it('costs less CPU than nginx-rtmp as packaged, or little more on a busy machine', () => {
    // 0.5 to 0.7 with so few pushes, which share the work for the stream itself; 2.7 when each push has bytes of its own.
    expect(many.cpuMicros / nginx.cpuMicros).toBeLessThan(1.2);
  });

  it('costs no more than in proportion to the number of pushes', () => {
    expect(exponent([few, many].map(({ pushes, cpuMicros }) => [pushes, pushes * cpuMicros] as const))).toBeLessThan(
      1.2,
    );
  });
});

/** One short run of each system. */
async function measure(directory: string, pushes: number, systems: string): Promise<Run[]> {
  const out = join(directory, `${pushes}.json`);
  const pace = ['--repetitions', '1', '--seconds', '4', '--settle', '2', '--patience', '0'];
  const args = ['fanout', '--pushes', `${pushes}`, '--systems', systems, ...pace, '--out', out];
  await promisify(execFile)(process.execPath, [MAIN, ...args], { timeout: TIMEOUT_MS });
  const { data } = JSON.parse(await readFile(out, 'utf8')) as { data: [{ runs: Record<string, [Run]> }] };
  return Object.values(data[0].runs).map(([run]) => run);
}
