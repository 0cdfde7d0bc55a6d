import { join } from 'node:path';
import { cleanEnvironment, type Fleet, PINNED_NODE } from './fleet.ts';
import { runTool, type ToolResult } from './tool.ts';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'apps', 'cli', 'src', 'main.ts');
const TIMEOUT_MS = 120_000;

/** Runs `pushfleet` with these words against the scheduler of a fleet, as a person at a terminal does. */
export function runPushfleet(fleet: Fleet, ...words: string[]): Promise<ToolResult> {
  return runTool(PINNED_NODE, [MAIN, ...words], TIMEOUT_MS, cleanEnvironment({ PUSHFLEET_URL: fleet.scheduler.url }));
}
