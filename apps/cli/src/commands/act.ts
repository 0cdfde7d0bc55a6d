import type { PushView } from '@pushfleet/contract';
import type { Command } from 'commander';
import type { ApiClient } from '../api/client.ts';
import { findPush } from '../api/find-push.ts';
import { CliError } from '../cli-error.ts';
import { type Context, writeJson } from '../context.ts';
import { connect, operatorCommand } from './operator.ts';
import { addWaitOption, type WaitOption, waitForPush, waitUntilRunning } from './wait.ts';

interface ActOptions {
  readonly wait?: WaitOption;
  readonly json?: true;
}

/** Does it to one push and waits when asked to; what it resolves with is shown, undefined for a push that is gone. */
type Act = (api: ApiClient, push: PushView, wait: WaitOption) => Promise<PushView | undefined>;

/** `pause`, `resume`, `restart` and `rm`. */
export function addActs(program: Command, context: Context): void {
  addAct(program, context, 'pause', 'stop pushing, keep URL and settings', async (api, { id }, wait) => {
    const push = await api.act(id, 'pause');
    return wait === undefined
      ? push
      : waitForPush(api, id, wait, (now) => now === undefined || now.status === 'disabled');
  });
  addAct(program, context, 'resume', 'push again after a pause', async (api, { id }, wait) => {
    const push = await api.act(id, 'resume');
    return wait === undefined ? push : waitUntilRunning(api, id, wait);
  });
  addAct(program, context, 'restart', 'connect anew, with the whole budget of retries', async (api, before, wait) => {
    const push = await api.act(before.id, 'restart');
    const isNew = (now: PushView) => now.connected_at !== before.connected_at;
    return wait === undefined ? push : waitUntilRunning(api, before.id, wait, isNew);
  });
  addAct(program, context, 'rm', 'remove a push that was not made by the config file', async (api, { id }, wait) => {
    await api.deletePush(id);
    return wait === undefined ? undefined : waitForPush(api, id, wait, (now) => now === undefined);
  });
}

function addAct(program: Command, context: Context, name: string, summary: string, act: Act): void {
  const command = operatorCommand(program, name, summary).argument('<id...>', 'ids of pushes, or their beginnings');
  addWaitOption(command).action(async (ids: string[], options: ActOptions) => {
    const api = connect(context);
    const failures: CliError[] = [];
    for (const id of ids) {
      try {
        await actOn(api, id, act, options, context);
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures);
  });
}

async function actOn(api: ApiClient, prefix: string, act: Act, options: ActOptions, context: Context): Promise<void> {
  const before = await findPush(api, prefix);
  const after = await act(api, before, options.wait);
  if (options.json) writeJson(context.stdout, after ?? { id: before.id, removed: true });
  else context.stdout.write(`${before.id} ${after?.status ?? 'removed'}\n`);
}
