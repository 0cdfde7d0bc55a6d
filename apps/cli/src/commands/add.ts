import type { Command } from 'commander';
import type { NewPush } from '../api/client.ts';
import { type Context, writeJson } from '../context.ts';
import { headerFields } from '../header-fields.ts';
import { connect, operatorCommand, parseCount, parseSeconds } from './operator.ts';
import { addWaitOption, type WaitOption, waitUntilRunning } from './wait.ts';

interface AddOptions {
  readonly id?: string;
  readonly retryTimeout?: number;
  readonly retryLimit?: number;
  readonly timeout?: number;
  readonly connectTimeout?: number;
  readonly disabled?: true;
  readonly comment?: string;
  readonly pool?: string;
  readonly hlsProfile?: string;
  readonly hlsMethod?: string;
  readonly hlsDelete?: boolean;
  readonly s3Region?: string;
  readonly header?: readonly string[];
  readonly wait?: WaitOption;
  readonly json?: true;
}

export function addAdd(program: Command, context: Context): void {
  const command = operatorCommand(program, 'add', 'push a stream to a target')
    .argument('<stream>', 'name of the stream')
    .argument('<url>', 'target, or - to read it from standard input, where `ps` does not show the stream key')
    .option('--id <id>', 'id of the push; made by the server when absent')
    .option('--retry-timeout <seconds>', 'pause between attempts', parseSeconds)
    .option(
      '--retry-limit <n>',
      'failed attempts in a row until the push rests in `error`; endless when absent',
      parseCount,
    )
    .option('--timeout <seconds>', 'how long the target is held after the source has stopped', parseSeconds)
    .option('--connect-timeout <seconds>', 'how long an attempt may take until the target accepts', parseSeconds)
    .option('--disabled', 'add it paused')
    .option('--comment <text>', 'a note for people')
    .option('--pool <name>', 'workers that may hold it')
    .option('--hls-profile <name>', 'rules of the HLS target: auto, generic, akamai, youtube or s3')
    .option('--hls-method <name>', 'how segments and playlists are uploaded: put or post')
    .option('--hls-delete', 'delete segments that have left the playlist; the profile decides when absent')
    .option('--no-hls-delete', 'leave them')
    .option('--s3-region <name>', 'region to sign for; taken from the host when absent')
    .option(
      '--header <field>',
      "'Name: value' to add to every HTTP request, or @FILE with one a line; may be given more than once",
      (field: string, before: readonly string[] = []) => [...before, field],
    );
  addWaitOption(command).action(async (stream: string, url: string, options: AddOptions) => {
    const api = connect(context);
    const target = url === '-' ? (await context.readInput()).trim() : url;
    const added = await api.addPush(await newPush(stream, target, options));
    const waits = options.wait !== undefined && !options.disabled;
    const push = waits ? await waitUntilRunning(api, added.id, options.wait) : added;
    if (options.json) writeJson(context.stdout, push);
    else context.stdout.write(`${push.id} ${push.status}\n`);
  });
}

async function newPush(stream: string, url: string, options: AddOptions): Promise<NewPush> {
  const { id, retryTimeout, retryLimit, timeout, connectTimeout, disabled, comment, pool } = options;
  const { hlsProfile, hlsMethod, hlsDelete, s3Region, header } = options;
  return {
    id,
    stream,
    url,
    retry_timeout: retryTimeout,
    retry_limit: retryLimit,
    timeout,
    connect_timeout: connectTimeout,
    disabled,
    comment,
    pool,
    hls_profile: hlsProfile,
    hls_method: hlsMethod,
    hls_delete: hlsDelete,
    s3_region: s3Region,
    headers: header && (await headerFields(header)),
  };
}
