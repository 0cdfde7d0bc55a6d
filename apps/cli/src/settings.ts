import { type Environment, EnvironmentError, loadEnvironment, type Role } from '@pushfleet/config';
import { CliError } from './cli-error.ts';
import type { Context } from './context.ts';

/** The settings of the environment. Rejects what is wrong with it as a usage error. */
export function settingsFor(role: Role, { env }: Context): Environment {
  try {
    return loadEnvironment(env, role);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    const sentences = error.problems.map(({ message }) => `${message}.`);
    throw new CliError('usage', sentences.join(' '), { remedy: 'See `pushfleet env`.' });
  }
}
