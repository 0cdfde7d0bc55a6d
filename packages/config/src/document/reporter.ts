import type { z } from 'zod';
import { didYouMean } from '../nearest.ts';
import type { UrlProblem } from '../schemes.ts';
import type { Directive, Position } from '../syntax/ast.ts';
import type { Diagnostics } from '../syntax/diagnostic.ts';
import { replacements } from '../vocabulary.ts';

/** Reports what the reading of a tree finds. Words of Flussonic's without effect here are said once each, with their number. */
export class Reporter {
  readonly #diagnostics: Diagnostics;
  readonly #ignored = new Map<string, { at: Position; count: number }>();

  constructor(diagnostics: Diagnostics) {
    this.#diagnostics = diagnostics;
  }

  error(code: string, at: Position, message: string, hint?: string): void {
    this.#diagnostics.error(code, at, message, hint);
  }

  warning(code: string, at: Position, message: string, hint?: string): void {
    this.#diagnostics.warning(code, at, message, hint);
  }

  /** A value that its schema refuses. */
  invalid(at: Position, error: z.ZodError, hint?: string): void {
    this.#diagnostics.error('bad_value', at, error.issues[0]!.message, hint);
  }

  /** A scheme of Flussonic's that we do not speak is no mistake of whoever wrote the file. */
  urlProblem(at: Position, { code, message, hint }: UrlProblem, consequence: string): void {
    if (code === 'foreign_scheme') this.#diagnostics.warning(code, at, `${message}; ${consequence}`, hint);
    else this.#diagnostics.error(code, at, message, hint);
  }

  /** A word of Flussonic's, an option or a directive. */
  ignored(name: string, at: Position): void {
    const seen = this.#ignored.get(name);
    if (seen === undefined) this.#ignored.set(name, { at, count: 1 });
    else seen.count++;
  }

  /** A directive that nobody knows: kept and without effect. */
  unknownDirective({ name }: Directive, known: Iterable<string>): void {
    const message = `'${shownName(name.text)}' is no known directive and has no effect`;
    this.#diagnostics.warning('unknown_directive', name.at, message, didYouMean(name.text, known));
  }

  /** Says what was ignored. To be called once, at the end. */
  finish(): void {
    for (const [name, { at, count }] of this.#ignored) {
      const times = count === 1 ? '' : ` (${count} times in this text)`;
      this.#diagnostics.info('ignored', at, `'${name}' is kept and has no effect here${times}`, replacements.get(name));
    }
  }
}

/** A name for a message. What does not look like one may be a secret that stands in the wrong place. */
export const shownName = (text: string): string => (/^[\w./-]{1,64}$/.test(text) ? text : '...');
