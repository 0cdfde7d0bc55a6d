import { maskedOffset, maskSpans } from '../redact.ts';
import type { Diagnostic } from './diagnostic.ts';
import { sourceSecrets } from './source-secrets.ts';

/** A config text fit to be shown, with diagnostics that point into it. */
export interface MaskedSource {
  readonly text: string;
  readonly diagnostics: Diagnostic[];
}

/** Masks every secret of a config text, and moves the diagnostics of that text to where their places are then. */
export function maskSource(source: string, diagnostics: readonly Diagnostic[] = []): MaskedSource {
  const byLine = Map.groupBy(diagnostics, ({ line }) => line);
  const lines: string[] = [];
  const moved: Diagnostic[] = [];
  let start = 0;
  for (const [index, raw] of source.split('\n').entries()) {
    const secrets = sourceSecrets(source, start, start + raw.length);
    lines.push(maskSpans(raw, secrets));
    const at = (offset: number) => maskedOffset(raw, secrets, Math.min(offset, raw.length));
    for (const diagnostic of byLine.get(index + 1) ?? []) {
      const from = at(diagnostic.column - 1);
      const to = at(diagnostic.column - 1 + diagnostic.length);
      moved.push({ ...diagnostic, column: from + 1, length: Math.max(1, to - from) });
    }
    start += raw.length + 1;
  }
  return { text: lines.join('\n'), diagnostics: moved };
}
