import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../testing/run-cli.ts';

const broken = `stream demo {
  input file://clip.mp4;
  push rtmp://a.example/live/secretkey0123 retry_timeout=soon;
}
`;

let folder: string;
const write = async (text: string): Promise<string> => {
  const file = join(folder, 'pushfleet.conf');
  await writeFile(file, text);
  return file;
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pushfleet-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('config check', () => {
  it('finds nothing wrong with the example', async () => {
    const file = fileURLToPath(new URL('../../../../examples/pushfleet.conf', import.meta.url));
    const { exitCode, stdout } = await runCli(['config', 'check', file]);
    expect(stdout).toBe(`${file}: 3 streams, 7 pushes, 0 errors, 0 warnings\n`);
    expect(exitCode).toBe(0);
  });

  it('points at the mistake, shows no secret, and ends with 1', async () => {
    const file = await write(broken);
    const { exitCode, stdout, stderr } = await runCli(['config', 'check', file]);
    const [head, line, caret] = stdout.split('\n');
    expect(head).toMatch(new RegExp(`^${file}:3:\\d+: error: .*retry_timeout`));
    expect(caret!.indexOf('^')).toBe(line!.indexOf('retry_timeout=soon'));
    expect(stdout).not.toContain('secretkey');
    expect(exitCode).toBe(1);
    expect(stderr).toBe(`pushfleet: ${file} has 1 error. (invalid_config)\n`);
  });

  it('prints diagnostics as JSON, one a line', async () => {
    const { exitCode, stdout } = await runCli(['config', 'check', await write(broken), '--json']);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([{ severity: 'error', line: 3 }]);
    expect(exitCode).toBe(1);
  });

  it('reads standard input', async () => {
    const { exitCode, stdout } = await runCli(['config', 'check', '-'], { input: broken });
    expect(stdout).toMatch(/^standard input:3:/);
    expect(exitCode).toBe(1);
  });

  it('says when the file cannot be read', async () => {
    const { exitCode, stderr } = await runCli(['config', 'check', join(folder, 'missing.conf')]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('missing.conf cannot be read (ENOENT)');
  });
});

describe('env', () => {
  it('shows every variable, and of secrets only that they are set', async () => {
    const env = { PUSHFLEET_TOKEN: 'sesame-0123456789', PUSHFLEET_PORT: '9000' };
    const { exitCode, stdout } = await runCli(['env'], { env });
    expect(stdout).toMatch(/PUSHFLEET_TOKEN +\*\*\*/);
    expect(stdout).toMatch(/PUSHFLEET_PORT +9000 +8080/);
    expect(stdout).toMatch(/PUSHFLEET_URL/);
    expect(stdout).not.toContain('sesame');
    expect(exitCode).toBe(0);
  });

  it('says what is wrong with those that are set', async () => {
    const { exitCode, stderr } = await runCli(['env'], { env: { PUSHFLEET_PORT: 'http', PUSHFLEET_PROT: '1' } });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /PUSHFLEET_PORT must be .*PUSHFLEET_PROT is no variable|PUSHFLEET_PROT is no variable.*PUSHFLEET_PORT must be/,
    );
  });

  it('keeps commands from running with a mistyped variable', async () => {
    const { exitCode, stderr } = await runCli(['ls'], { env: { PUSHFLEET_ULR: 'http://127.0.0.1:1' } });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('PUSHFLEET_ULR');
  });
});
