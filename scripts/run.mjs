// The commands of this repository on a bare clone: node scripts/run.mjs <start|test|check|screenshots|bench> [arguments].
// Needs nothing but Node >= 18; everything else is set up on the way and is left alone once it is there.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './setup/child.mjs';
import { ensureDependencies, npmEnvironment, pinnedNode } from './setup/dependencies.mjs';
import { searchPath } from './setup/executables.mjs';
import { withLock } from './setup/lock.mjs';
import { SetupError, say, timed } from './setup/report.mjs';
import { ensureTools, toolsOfBench, toolsOfStart, toolsOfTest } from './setup/tools.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = path.join(root, 'node_modules', '.bin');
const EXIT_SETUP_FAILED = 2;

const environment = () => ({
  ...npmEnvironment(),
  PATH: [bin, searchPath()].join(path.delimiter),
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
});

const commands = {
  /** The whole fleet, with the example and its local receiver unless PUSHFLEET_CONFIG names something else. */
  async start(args) {
    await setUp(toolsOfStart);
    await needDashboard();
    const example = ['--demo', '--config', path.join('examples', 'pushfleet.conf')];
    const given = process.env.PUSHFLEET_CONFIG ? [] : example;
    return runNode([path.join(root, 'apps', 'cli', 'src', 'main.ts'), 'up', ...given, ...args], environment());
  },

  /** Types, lint, then all tests (or those that the arguments name). */
  async test(args) {
    await setUp(toolsOfTest);
    for (const step of [() => timed('checking types and style', () => check('collect')), build]) {
      const { code, output } = await step();
      if (code === 0) continue;
      process.stdout.write(`${output}\n0 passed, 1 failed\n`);
      return 1;
    }
    return runNode([path.join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...args], environment());
  },

  async check() {
    await setUp([]);
    return (await check('inherit')).code;
  },

  /** The pictures of docs/screenshots. */
  async screenshots() {
    await setUp(toolsOfTest);
    await needDashboard();
    return runNode([path.join(root, 'tests', 'screenshots', 'main.ts')], environment());
  },

  /** A benchmark of tests/bench; without a name it lists them. */
  async bench(args) {
    await setUp(toolsOfBench);
    return runNode([path.join(root, 'tests', 'bench', 'main.ts'), ...args], environment());
  },
};

function setUp(tools) {
  return withLock(path.join(root, '.pushfleet', 'setup.lock'), async () => {
    await ensureDependencies(root);
    await ensureTools(tools);
  });
}

const check = (output) =>
  run(path.join(bin, 'turbo'), ['run', 'typecheck', '//#lint', '--output-logs=errors-only'], {
    cwd: root,
    env: environment(),
    output,
  });

/** The dashboard; what has not changed since is taken from turbo's cache. */
const build = () =>
  timed('building the dashboard', () =>
    run(path.join(bin, 'turbo'), ['run', 'build', '--output-logs=errors-only'], {
      cwd: root,
      env: environment(),
      output: 'collect',
    }),
  );

async function needDashboard() {
  const { code, output } = await build();
  if (code !== 0) throw new SetupError(`The dashboard cannot be built:\n${output}`);
}

const runNode = async (args, env) => (await run(pinnedNode(root), args, { cwd: root, env })).code;

const [name, ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined;
try {
  if (command === undefined)
    throw new SetupError(`Usage: node scripts/run.mjs <${Object.keys(commands).join('|')}> [arguments]`);
  process.exitCode = await command(args);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = EXIT_SETUP_FAILED;
}
