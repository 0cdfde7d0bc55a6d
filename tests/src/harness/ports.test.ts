import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { PINNED_NODE } from './fleet.ts';
import { TestProcess } from './test-process.ts';

const PORTS = 60;
/** All of them would begin at the same place. */
const UNLUCKY = 'data:text/javascript,Math.random=()=>0.5';
const TAKE_PORTS = `
  const { freePort } = await import(${JSON.stringify(join(import.meta.dirname, 'ports.ts'))});
  const ports = [];
  while (ports.length < ${PORTS}) ports.push(await freePort());
  console.log(JSON.stringify(ports));
  setInterval(() => {}, 1_000);
`;

it('processes that run at the same time never get the same port, though none of them is bound yet', async () => {
  const processes = Array.from({ length: 4 }, (_, n) => {
    const args = ['--import', UNLUCKY, '--input-type=module', '--eval', TAKE_PORTS];
    return new TestProcess(`taker-${n}`, PINNED_NODE, args);
  });
  onTestFinished(async () => {
    await Promise.all(processes.map((process) => process.stop()));
  });
  const lines = await Promise.all(processes.map((process) => process.waitForLog(/^\[/)));
  const ports = lines.flatMap((line) => JSON.parse(line) as number[]);
  expect(ports).toHaveLength(PORTS * processes.length);
  expect(new Set(ports).size).toBe(ports.length);
});
