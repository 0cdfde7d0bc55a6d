import { EnvironmentError, loadEnvironment, type Variable, variables } from '@pushfleet/config';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { type Context, widthOf, writeJson, writeLines } from '../context.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import { operatorCommand } from './operator.ts';

export function addEnv(program: Command, context: Context): void {
  operatorCommand(program, 'env', 'show the environment variables, and what is wrong with those that are set').action(
    ({ json }: { json?: true }) => {
      const rows = Object.values(variables).map((variable) => describe(variable, context));
      if (json) for (const row of rows) writeJson(context.stdout, row);
      else {
        const { stdout, paint } = context;
        writeLines(stdout, renderTable(columns, rows, { width: widthOf(stdout), paint }));
      }
      const problems = problemsOf(context);
      if (problems.length > 0) throw new CliError('failed', problems.map((problem) => `${problem}.`).join(' '));
    },
  );
}

interface Row {
  readonly name: string;
  /** What it is set to; `***` for a secret, null when it is not set. */
  readonly value: string | null;
  readonly unit: string | null;
  readonly default: string;
  readonly roles: readonly string[];
  readonly doc: string;
}

function describe(variable: Variable<unknown>, { env }: Context): Row {
  const { name, unit = null, default: fallback, roles, doc, isSecret } = variable;
  const text = env[name] || null;
  return { name, value: text !== null && isSecret ? '***' : text, unit, default: fallback, roles, doc };
}

const columns: Column<Row>[] = [
  { title: 'VARIABLE', cell: ({ name }) => name },
  { title: 'SET TO', cell: ({ value }) => ({ text: value ?? '', style: 'bold' }), minWidth: 12 },
  { title: 'DEFAULT', cell: (row) => row.default + (row.unit === null ? '' : ` ${row.unit}`), minWidth: 12 },
  { title: 'MEANING', cell: ({ doc }) => doc, minWidth: 20 },
  { title: 'READ BY', cell: ({ roles }) => roles.join(', '), expendable: 1 },
];

/** `up` and `client` read all variables between them. */
function problemsOf({ env }: Context): string[] {
  const messages = (['up', 'client'] as const).flatMap((role) => {
    try {
      loadEnvironment(env, role);
      return [];
    } catch (error) {
      if (error instanceof EnvironmentError) return error.problems.map(({ message }) => message);
      throw error;
    }
  });
  return [...new Set(messages)];
}
