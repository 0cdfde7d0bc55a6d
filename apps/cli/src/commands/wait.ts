import { setTimeout as sleep } from 'node:timers/promises';
import type { PushView } from '@pushfleet/contract';
import type { Command } from 'commander';
import type { ApiClient } from '../api/client.ts';
import { CliError } from '../cli-error.ts';
import { reasonOf } from '../push-table.ts';
import { parseSeconds } from './operator.ts';

const DEFAULT_WAIT_S = 30;
const LOOK_EVERY_MS = 250;

export const addWaitOption = (command: Command): Command =>
  command.option(
    '--wait [seconds]',
    `wait for the effect, ${DEFAULT_WAIT_S} s unless told; exit code 124 when it takes longer`,
    parseSeconds,
  );

/** What `--wait` was given: undefined for not at all. */
export type WaitOption = number | true | undefined;

/** Looks at the push until `done` says so; undefined stands for a push that is gone. Rejects with `waitTimeout` when time is up. */
export async function waitForPush(
  api: ApiClient,
  id: string,
  wait: number | true,
  done: (push: PushView | undefined) => boolean,
): Promise<PushView | undefined> {
  const seconds = wait === true ? DEFAULT_WAIT_S : wait;
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const push = await lookAt(api, id);
    if (done(push)) return push;
    if (performance.now() >= deadline) {
      const status = push === undefined ? 'gone' : `\`${push.status}\``;
      throw new CliError('waitTimeout', `Push ${id} is still ${status} after ${seconds} s.`, {
        remedy: `Look at it with \`pushfleet get ${id}\`.`,
      });
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/** Waits until media leaves. Rejects with `failed` when the push comes to rest in an error. */
export async function waitUntilRunning(
  api: ApiClient,
  id: string,
  wait: number | true,
  isNew: (push: PushView) => boolean = () => true,
): Promise<PushView> {
  const over = (push: PushView): boolean =>
    push.status === 'error' || push.status === 'disabled' || (push.status === 'running' && isNew(push));
  const push = await waitForPush(api, id, wait, (now) => now === undefined || over(now));
  if (push === undefined) throw new CliError('notFound', `Push ${id} has been removed meanwhile.`);
  if (push.status === 'running') return push;
  throw new CliError('failed', `Push ${id} is \`${push.status}\`: ${reasonOf(push) || 'it was paused'}`, {
    code: push.last_error?.code ?? '',
  });
}

async function lookAt(api: ApiClient, id: string): Promise<PushView | undefined> {
  try {
    return await api.push(id);
  } catch (error) {
    if (error instanceof CliError && error.exit === 'notFound') return undefined;
    throw error;
  }
}
