import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { LoadMeter } from './load-meter.ts';

/** Stands in the way of everything else until the process has had so much CPU time. */
function burn(ms: number): void {
  const before = process.cpuUsage();
  for (let usedMs = 0; usedMs < ms; ) {
    const { user, system } = process.cpuUsage(before);
    usedMs = (user + system) / 1_000;
  }
}

it('tells how much CPU the process has had, and how late its event loop came', async () => {
  const meter = new LoadMeter();
  const startedAt = performance.now();
  meter.start();
  for (let block = 0; block < 4; block++) {
    await sleep(50);
    burn(150);
  }
  await sleep(60);
  const { cpuPercent, loopDelayMs } = meter.read();
  const usedMs = (cpuPercent / 100) * (performance.now() - startedAt);
  expect(usedMs).toBeGreaterThan(590);
  expect(loopDelayMs).toBeGreaterThan(90);
  meter.stop();
});

it('says with each reading only what has been since the last one', async () => {
  const meter = new LoadMeter();
  meter.start();
  burn(200);
  const busy = meter.read();
  await sleep(300);
  expect(meter.read().cpuPercent).toBeLessThan(busy.cpuPercent);
  meter.stop();
});
