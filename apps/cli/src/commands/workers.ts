import type { Command } from 'commander';
import type { ApiClient } from '../api/client.ts';
import { CliError } from '../cli-error.ts';
import { type Context, widthOf, writeJson, writeLines } from '../context.ts';
import { renderTable } from '../terminal/table.ts';
import { workerColumns } from '../worker-table.ts';
import { connect, operatorCommand, staleBanner } from './operator.ts';

/** `workers`, `drain` and `undrain`. */
export function addWorkers(program: Command, context: Context): void {
  operatorCommand(program, 'workers', 'list the workers').action(async ({ json }: { json?: true }) => {
    const api = connect(context);
    const { workers, drains } = await api.workers();
    writeLines(context.stderr, staleBanner(api, Date.now()));
    if (json) {
      for (const worker of workers) writeJson(context.stdout, worker);
      return;
    }
    if (workers.length === 0) context.stderr.write('There is no worker. Start one with `pushfleet worker`.\n');
    const { stdout, paint } = context;
    writeLines(stdout, renderTable(workerColumns(Date.now()), workers, { width: widthOf(stdout), paint }));
    const absent = drains.filter(({ worker }) => !workers.some(({ name }) => name === worker));
    writeLines(
      context.stderr,
      absent.map(({ worker }) => `${worker} does not run; it stays drained until \`pushfleet undrain ${worker}\`.`),
    );
  });
  addDrain(program, context, 'drain', 'let a worker hand its pushes to the others and take no new ones');
  addDrain(program, context, 'undrain', 'let a drained worker take pushes again');
}

function addDrain(program: Command, context: Context, action: 'drain' | 'undrain', summary: string): void {
  operatorCommand(program, action, summary)
    .argument('<worker>', 'name of the worker, or its id or the beginning of one; NAME-* is every process of a host')
    .action(async (name: string, { json }: { json?: true }) => {
      const api = connect(context);
      for (const worker of await findWorkers(api, name)) {
        const after = await api.drain(worker.id, action);
        if (json) writeJson(context.stdout, after ?? { name: worker.name, drain: null });
        else context.stdout.write(`${worker.name} ${action === 'drain' ? (after?.state ?? 'draining') : 'ready'}\n`);
      }
    });
}

interface NamedWorker {
  readonly id: string;
  readonly name: string;
}

/** All whose names begin with what stands before a `*` at the end, drained ones that do not run included; without it one. */
async function findWorkers(api: ApiClient, name: string): Promise<readonly NamedWorker[]> {
  if (!name.endsWith('*')) return [await findWorker(api, name)];
  const { workers, drains } = await api.workers();
  const absent = drains.filter(({ worker }) => !workers.some((one) => one.name === worker));
  const all: NamedWorker[] = [...workers, ...absent.map(({ worker }) => ({ id: worker, name: worker }))];
  const found = all.filter((worker) => worker.name.startsWith(name.slice(0, -1)));
  if (found.length > 0) return found.toSorted((a, b) => a.name.localeCompare(b.name));
  throw new CliError('notFound', `There is no worker whose name begins with \`${name.slice(0, -1)}\`.`, {
    code: 'worker_not_found',
    remedy: 'See `pushfleet workers`.',
  });
}

/** By exact name or id, else by the only id or name that begins so. A drained worker that does not run has only its name. */
async function findWorker(api: ApiClient, name: string): Promise<NamedWorker> {
  const { workers, drains } = await api.workers();
  if (drains.some(({ worker }) => worker === name) && !workers.some((worker) => worker.name === name)) {
    return { id: name, name };
  }
  const exact = workers.filter((worker) => worker.id === name || worker.name === name);
  const matches = exact.length > 0 ? exact : workers.filter((it) => it.id.startsWith(name) || it.name.startsWith(name));
  const [worker] = matches;
  if (worker !== undefined && matches.length === 1) return worker;
  const known = (matches.length > 0 ? matches : workers).map((it) => `${it.name} (${it.id})`).join(', ');
  if (worker === undefined) {
    throw new CliError('notFound', `There is no worker \`${name}\`.`, {
      code: 'worker_not_found',
      remedy: known === '' ? 'No worker runs.' : `There is: ${known}.`,
    });
  }
  throw new CliError('usage', `\`${name}\` may mean ${known}.`, { remedy: 'Write the whole id.' });
}
