import { expect, it } from 'vitest';
import { checkConfig } from '../document/document.ts';
import { maskSource } from './masked-source.ts';

it('masks the secrets of a text and keeps diagnostics at their words', () => {
  const source = [
    'stream news {',
    '  password very-secret-word;',
    '  push rtmp://user:pass@a.example.com/live/a-secret-key-1234 retry_limt=3;',
    '  psuh nothing;',
    '}',
    '',
  ].join('\n');
  const { diagnostics } = checkConfig(source);
  const masked = maskSource(source, diagnostics);
  for (const secret of ['very-secret-word', 'user:pass', 'a-secret-key']) expect(masked.text).not.toContain(secret);
  expect(masked.text).toContain('push rtmp://***@a.example.com/live/***1234 retry_limt=3;');
  const lines = masked.text.split('\n');
  const words = masked.diagnostics.map(({ line, column, length }) =>
    lines[line - 1]!.slice(column - 1).slice(0, length),
  );
  const places = diagnostics.map(({ line, column, length }) =>
    source
      .split('\n')
      [line - 1]!.slice(column - 1)
      .slice(0, length),
  );
  expect(words).toEqual(places);
  expect(places.join()).toContain('retry_limt');
});
