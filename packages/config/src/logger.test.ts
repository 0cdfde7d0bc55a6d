import { describe, expect, it } from 'vitest';
import { createLogger, type LoggerOptions } from './logger.ts';
import { redactor } from './redact.ts';
import { Secret } from './secret.ts';

const url = 'rtmp://user:PASSWORD@h/app/STREAMKEY';

function capture(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ name: 'test', level: 'info', destination, ...options });
  return { log, lines, last: () => JSON.parse(lines.at(-1)!) as Record<string, unknown> };
}

describe('createLogger', () => {
  it('writes JSON lines with name, process, ISO time and level by name', () => {
    const { log, lines, last } = capture();
    log.warn({ push: 'p1', bytes: 5, on: true, none: null }, 'hello "world"');
    expect(lines).toHaveLength(1);
    expect(lines[0]!.endsWith('\n')).toBe(true);
    expect(last()).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      pid: process.pid,
      hostname: expect.any(String),
      name: 'test',
      push: 'p1',
      bytes: 5,
      on: true,
      none: null,
      msg: 'hello "world"',
    });
  });

  it('keeps quiet below its level', () => {
    const { log, lines } = capture({ level: 'error' });
    log.warn('x');
    expect(lines).toEqual([]);
  });

  const cause = Object.assign(new Error(`inner ${url}`), { target: url });
  const error = new Error(`outer ${url}`, { cause });
  it.each<[string, (log: ReturnType<typeof capture>['log']) => void]>([
    ['the message', (log) => log.info(`to ${url} now`)],
    ['what is formatted into it', (log) => log.info('to %s and %j', url, { url })],
    ['a field', (log) => log.info({ url }, 'x')],
    ['the name of a field', (log) => log.info({ [url]: 1 }, 'x')],
    ['a deep field', (log) => log.info({ a: [{ b: { url } }] }, 'x')],
    ['a URL object', (log) => log.info({ url: new URL('https://user:PASSWORD@h/?t=STREAMKEY') }, 'x')],
    ['bindings of a child', (log) => log.child({ url }).info('x')],
    ['an error', (log) => log.error(error)],
    ['an error beside a message', (log) => log.error({ err: error }, 'x')],
    ['an error under another name', (log) => log.error({ error }, 'x')],
    ['a bundle of errors', (log) => log.error(new AggregateError([error, cause], url))],
    ['a Secret', (log) => log.info({ key: new Secret('STREAMKEY PASSWORD') }, 'x')],
  ])('masks secrets in %s', (_, write) => {
    const { log, lines, last } = capture();
    write(log);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/PASSWORD|STREAMKEY/);
    expect(lines[0]).toMatch(/\*\*\*|redacted/);
    expect(last().level).toBeDefined();
  });

  it('keeps type, message, code and cause of an error', () => {
    const { log, last } = capture();
    const refused = Object.assign(new TypeError('refused'), { code: 'ECONNREFUSED' });
    log.error({ error: new Error('outer', { cause: refused }) }, 'x');
    const outer = {
      type: 'Error',
      message: 'outer',
      cause: { type: 'TypeError', message: 'refused', code: 'ECONNREFUSED' },
    };
    expect(last().error).toMatchObject(outer);
  });

  it('takes a redactor that knows more, whatever characters the secrets hold', () => {
    const redact = redactor(['rtmp://h/app/quote"back\\slash\nline']);
    const { log, last } = capture({ redact });
    log.info({ said: 'Denied: quote"back\\slash\nline' }, 'x');
    expect(last().said).toBe('Denied: ***');
  });
});
