import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkConfig } from '../document/document.ts';
import { formatDiagnostic } from './format.ts';

const formatted = (source: string): string =>
  checkConfig(source, { file: 'a.conf' })
    .diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, source))
    .join('\n');

describe('formatDiagnostic', () => {
  it('shows place, message, line, caret and hint', () => {
    expect(formatted('stream news {\n  input publish://\n}\n')).toBe(
      [
        "a.conf:2:19: error: missing ';' after 'input'",
        '    input publish://',
        '                    ^',
        "hint: add ';'",
      ].join('\n'),
    );
  });

  it('points into a line whose secrets are masked', () => {
    expect(formatted('stream x {\n\tpush rtmp://u:p@h/app/0123456789abcdef retry_timeout=5s;\n}')).toBe(
      [
        'a.conf:2:41: error: retry_timeout must be a number of seconds from 0.1 to 86400, not "5s"',
        '  \tpush rtmp://***@h/app/***cdef retry_timeout=5s;',
        '  \t                              ^~~~~~~~~~~~~~~~',
        'hint: write seconds as a number without a unit',
      ].join('\n'),
    );
  });

  it('shows the name of a header and hides its value', () => {
    expect(formatted('stream x { push hls://h/a header.X-Api-Key="SEC RET" hls_profile=aws; }').split('\n')[1]).toBe(
      '  stream x { push hls://h/a header.X-Api-Key=*** hls_profile=aws; }',
    );
  });

  it.each([
    ['push hls://h/a', 'headers'],
    ['push hls://h/a', 'header_x'],
    ['input http://h/a.m3u8', 'headers'],
  ])('hides what Flussonic and slips of the pen call headers: %s %s', (line, name) => {
    const text = formatted(`stream x { ${line} ${name}="Authorization: SECRET"; }`);
    expect(text).toContain(`${line} ${name}=***;`);
    expect(text).not.toContain('SECRET');
  });

  it('shows a window of a long line around the caret', () => {
    const source = `${'x '.repeat(400)}}${' y'.repeat(400)}`;
    const diagnostic = { severity: 'error', code: 'x', message: 'm', line: 1, column: 801, length: 1 } as const;
    const [, line, caret] = formatDiagnostic(diagnostic, source).split('\n');
    expect(line!.length).toBeLessThan(130);
    expect(line![caret!.indexOf('^')]).toBe('}');
  });

  it('leaves out the line when it is gone or too long', () => {
    const diagnostic = { severity: 'error', code: 'x', message: 'm', line: 9, column: 1, length: 1 } as const;
    expect(formatDiagnostic(diagnostic, 'one line')).toBe('config:9:1: error: m');
    expect(formatDiagnostic({ ...diagnostic, line: 1 }, 'x'.repeat(20_000))).toBe('config:1:1: error: m');
  });

  it('keeps control characters from the terminal', () => {
    const text = formatted('\u001b[31mhttp 80\u0007');
    expect(text).toContain('http 80');
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('\u0007');
  });

  it.each([
    ['a mistyped scheme', 'stream x { push rtpm://h/app/SECRET; }'],
    ['a forgotten colon', 'stream x { push rtmp//h/app/SECRET; }'],
    ['a forgotten slash', 'stream x { push rtmp:/h/app/SECRET; }'],
    ['a space inside the URL', 'stream x { push rtmp://h/app SECRET; }'],
    ['an = after a space inside the URL', 'stream x { push rtmp://h/app SECRET=SECRET; }'],
    ['a string without end', 'stream x { push "rtmp://u:SEC RET@h/app/SECRET; }'],
    ['a space inside quotes', 'stream x { push "rtmp://u:SECRET SECRET@h/app/SECRET"; }'],
    ['a password', 'stream x { password SECRET SECRET; }'],
    ['a password on its own line', 'stream x { password\n  SECRET SECRET; }'],
    ['a password before a missing ;', 'stream x { password SECRET }'],
    ['keys of the cluster', 'cluster_key "SEC;RET";\nedit_auth admin SECRET;\nrproxy { streampoint_key SECRET==; }'],
    ['a passphrase', 'stream x { push srt://h:1 passphrase=SECRET; }'],
    ['a header', 'stream x { push hls://h/a header.Host=SECRET; }'],
    ['a header in quotes', 'stream x { push hls://h/a header.A="SECRET\tRET" hls_profile=x; }'],
    ['a header without quotes', 'stream x { push hls://h/a header.A=Bearer SECRET SEC=RET; }'],
    ['a header as HTTP writes it', 'stream x { push hls://h/a header.A:SECRET; }'],
    ['a mistyped header', 'stream x { push hls://h/a headers.A=SECRET; }'],
    ['the URL in a directive that we do not know', 'stream x { fallback rtmp://h/app/SECRET timeout=1; }'],
    ['a push without stream', 'push rtmp://h/app/SECRET;'],
    ['a commented push', 'stream x { foo; # push rtmp://h/app/SECRET;\n }'],
    ['a URL as the name of a stream', 'stream rtmp://h/app/SECRET { }'],
  ])('shows no secret of %s', (_, source) => {
    const text = formatted(source);
    expect(text).toContain('^');
    expect(text).not.toMatch(/SECRET|SEC|RET/);
  });

  it('never shows the key of a push, whatever is wrong around it', () => {
    const junk = fc.constantFrom(
      ' ',
      '\n',
      ';',
      '{',
      '}',
      '"',
      "'",
      '#',
      '\t',
      'push',
      'disabled',
      'x=',
      'retry_timeout=1',
      '\\',
    );
    const around = fc.array(junk, { maxLength: 8 }).map((parts) => parts.join(' '));
    fc.assert(
      fc.property(around, around, fc.constantFrom('', '"', "'"), (before, after, quote) => {
        const source = `stream x { ${before} push ${quote}rtmp://user:PASSWORD@h/app/STREAMKEY${quote} ${after}`;
        expect(formatted(source)).not.toMatch(/PASSWORD|STREAMKEY/);
      }),
      { numRuns: 1000 },
    );
  });
});
