import type { PushView } from '@pushfleet/contract';
import { type Command, InvalidArgumentError } from 'commander';
import type { ApiClient, PushFilter } from '../api/client.ts';
import { type Context, widthOf, writeJson, writeLines } from '../context.ts';
import { everySecond } from '../every-second.ts';
import { describePush, PushChanges, pushColumns, statusStyles } from '../push-table.ts';
import { count } from '../terminal/format.ts';
import { Screen } from '../terminal/screen.ts';
import { renderTable } from '../terminal/table.ts';
import { connect, operatorCommand, staleBanner } from './operator.ts';

interface LsOptions {
  readonly q?: string;
  readonly status?: string;
  readonly stream?: string;
  readonly worker?: string;
  readonly watch?: true;
  readonly json?: true;
}

export function addLs(program: Command, context: Context): void {
  operatorCommand(program, 'ls', 'list the pushes')
    .option('-q <text>', 'only those with this text in them, or for example "status:retry host:youtube stream:cam*"')
    .option('--status <status,...>', 'only those of one of these statuses', parseStatuses)
    .option('--stream <name>', 'only those of this stream')
    .option('--worker <name>', 'only those that this worker holds')
    .option('-w, --watch', 'go on, and show what changes')
    .action(async (options: LsOptions) => {
      const { q, status, stream, worker } = options;
      const show = options.watch ? watch : list;
      await show(connect(context), { q, status, stream, worker }, context, options.json === true);
    });
}

function parseStatuses(text: string): string {
  const known = Object.keys(statusStyles);
  if (text.split(',').every((status) => known.includes(status))) return text;
  throw new InvalidArgumentError(`There is ${known.join(', ')}.`);
}

async function list(api: ApiClient, filter: PushFilter, context: Context, json: boolean): Promise<void> {
  if (json) {
    for await (const push of api.pushes(filter)) writeJson(context.stdout, push);
    return;
  }
  const pushes = await api.allPushes(filter);
  writeLines(context.stderr, staleBanner(api, Date.now()));
  if (pushes.length === 0) context.stderr.write('There is no such push.\n');
  writeLines(context.stdout, table(pushes, context));
}

const table = (pushes: readonly PushView[], { stdout, paint }: Context): string[] =>
  renderTable(pushColumns(Date.now()), pushes, { width: widthOf(stdout), paint });

/** On a terminal a table redrawn in place; elsewhere, and as JSON, each push again when its status changes. */
async function watch(api: ApiClient, filter: PushFilter, context: Context, json: boolean): Promise<void> {
  const { stdout } = context;
  const { stop } = context.interrupts();
  if (json || !stdout.isTTY) return follow(api, filter, context, json, stop);
  const screen = new Screen(stdout);
  try {
    await everySecond(stop, async () => {
      const pushes = await api.allPushes(filter);
      const room = screen.maxLines - 3;
      const hidden = pushes.length - room;
      const more = hidden > 0 ? [context.paint('dim', `  and ${count(hidden, 'more push', 'more pushes')}`)] : [];
      const banner = staleBanner(api, Date.now()).map((line) => context.paint('warning', line));
      screen.draw([...banner, ...table(pushes.slice(0, room), context), ...more]);
    });
  } finally {
    screen.close();
  }
}

async function follow(
  api: ApiClient,
  filter: PushFilter,
  { stdout, paint }: Context,
  json: boolean,
  stop: AbortSignal,
): Promise<void> {
  const changes = new PushChanges();
  await everySecond(stop, async () => {
    for (const push of changes.update(await api.allPushes(filter)).changed) {
      if (json) writeJson(stdout, push);
      else {
        const { style, text } = describePush(push, Date.now());
        stdout.write(`${new Date().toISOString()} ${paint(style, text)}\n`);
      }
    }
  });
}
