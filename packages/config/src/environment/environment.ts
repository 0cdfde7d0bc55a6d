import { didYouMean } from '../nearest.ts';
import { redactText } from '../redact.ts';
import { isLoopback } from './values.ts';
import { type Environment, type Role, type Variable, variables } from './variables.ts';

const PREFIX = 'PUSHFLEET_';
/** A Kubernetes service called `pushfleet` puts variables of these forms into every pod. They are not ours. */
const SERVICE_LINK_NAME = /_SERVICE_(?:HOST|PORT)(?:_\w+)?$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?$/;
const SERVICE_LINK_VALUE = /^(?:tcp|udp|sctp):\/\/[\da-f.:[\]]+$/i;

export interface EnvironmentProblem {
  readonly variable: string;
  /** A sentence that names variable, value (unless secret) and what fits. */
  readonly message: string;
}

/** Everything that is wrong with the environment, at once. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly problems: readonly EnvironmentProblem[];

  constructor(problems: readonly EnvironmentProblem[]) {
    super(problems.map(({ message }) => message).join('\n'));
    this.problems = problems;
  }
}

/**
 * Reads the environment of a process in its role; the result is frozen. An empty variable counts as unset. Throws EnvironmentError,
 * also for a variable that begins with PUSHFLEET_ and is none of ours: a mistyped name would otherwise do nothing, silently.
 */
export function loadEnvironment(env: Readonly<Record<string, string | undefined>>, role: Role): Environment {
  const problems = unknownVariables(env);
  const values: Record<string, unknown> = { role };
  for (const [key, variable] of Object.entries(variables) as [string, Variable<unknown>][]) {
    values[key] = readVariable(variable, env, role, problems);
  }
  const environment = values as unknown as Environment;
  const listens = variables.host.roles.includes(role);
  if (listens && environment.token === undefined && !isLoopback(environment.host)) {
    const message = `${variables.host.name} is ${environment.host}, which others can reach: set ${variables.token.name}, or listen on 127.0.0.1`;
    problems.push({ variable: variables.token.name, message });
  }
  if (problems.length > 0) throw new EnvironmentError(problems);
  return Object.freeze(environment);
}

function readVariable(
  variable: Variable<unknown>,
  env: Readonly<Record<string, string | undefined>>,
  role: Role,
  problems: EnvironmentProblem[],
): unknown {
  const { name, kind, roles } = variable;
  const text = roles.includes(role) && !isServiceLink(name, env[name]) ? (env[name] ?? '').trim() : '';
  if (text === '') {
    if (variable.required?.includes(role)) {
      problems.push({ variable: name, message: `${name} is not set; it must be ${kind.expects}` });
    }
    return variable.fallback(role);
  }
  const value = kind.read(text);
  if (value !== undefined) return variable.adapt?.(value as NonNullable<unknown>, role) ?? value;
  const shown = variable.isSecret === true ? '' : `, not ${JSON.stringify(redactText(text).slice(0, 80))}`;
  problems.push({ variable: name, message: `${name} must be ${kind.expects}${shown}` });
  return variable.fallback(role);
}

function unknownVariables(env: Readonly<Record<string, string | undefined>>): EnvironmentProblem[] {
  const known = Object.values(variables).map(({ name }) => name);
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name) && !isServiceLink(name, env[name]))
    .map((name) => {
      const hint = didYouMean(name, known);
      return { variable: name, message: `${name} is no variable of Pushfleet${hint === undefined ? '' : `; ${hint}`}` };
    });
}

const isServiceLink = (name: string, value = ''): boolean =>
  name.startsWith(PREFIX) &&
  (SERVICE_LINK_NAME.test(name) || (name.endsWith('_PORT') && SERVICE_LINK_VALUE.test(value)));
