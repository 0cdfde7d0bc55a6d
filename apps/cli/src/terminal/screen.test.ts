import { describe, expect, it } from 'vitest';
import { Screen } from './screen.ts';

/** A terminal of few skills: shows what is left on it after the bytes written. */
class FakeTerminal {
  readonly columns = 40;
  readonly rows = 6;
  cursorShown = true;
  #lines: string[] = [''];
  #row = 0;
  #column = 0;

  write(text: string): void {
    for (const token of text.match(/\p{Cc}\[\??[\d;]*[A-Za-z]|\r|\n|\P{Cc}+/gu) ?? []) this.#apply(token);
  }

  /** What stands on it, trailing emptiness left out. */
  get shown(): string[] {
    return this.#lines
      .map((line) => line.trimEnd())
      .join('\n')
      .trimEnd()
      .split('\n');
  }

  #apply(token: string): void {
    const sequence = /^\p{Cc}\[(\??[\d;]*)([A-Za-z])$/u.exec(token);
    if (token === '\r') this.#column = 0;
    else if (token === '\n') this.#moveTo(this.#row + 1);
    else if (sequence === null) this.#type(token);
    else this.#control(sequence[1]!, sequence[2]!);
  }

  #control(argument: string, letter: string): void {
    const line = this.#lines[this.#row] ?? '';
    if (letter === 'A') this.#row -= Number(argument);
    else if (letter === 'K') this.#lines[this.#row] = line.slice(0, this.#column);
    else if (letter === 'J' && argument === '')
      this.#lines = [...this.#lines.slice(0, this.#row), line.slice(0, this.#column)];
    else if (letter === 'J') this.#lines = [''];
    else if (letter === 'H') [this.#row, this.#column] = [0, 0];
    else if (argument === '?25') this.cursorShown = letter === 'h';
    else if (argument !== '?2026') throw new Error(`unknown sequence ${argument}${letter}`);
  }

  #moveTo(row: number): void {
    this.#row = row;
    this.#column = 0;
    while (this.#lines.length <= row) this.#lines.push('');
  }

  #type(text: string): void {
    const line = (this.#lines[this.#row] ?? '').padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + text + line.slice(this.#column + text.length);
    this.#column += text.length;
  }
}

describe('Screen', () => {
  it('redraws in place, also when the picture gets smaller', () => {
    const terminal = new FakeTerminal();
    const screen = new Screen(terminal);
    screen.draw(['one', 'two, long', 'three']);
    screen.draw(['1', '2']);
    expect(terminal.shown).toEqual(['1', '2']);
  });

  it('keeps printed lines above the picture', () => {
    const terminal = new FakeTerminal();
    const screen = new Screen(terminal);
    screen.draw(['picture', 'of two lines']);
    screen.print('worker-1 was ended by SIGKILL');
    screen.print('and again');
    screen.draw(['new picture']);
    expect(terminal.shown).toEqual(['worker-1 was ended by SIGKILL', 'and again', 'new picture']);
  });

  it('never draws more lines than could be redrawn', () => {
    const terminal = new FakeTerminal();
    const screen = new Screen(terminal);
    screen.draw(Array.from({ length: 20 }, (_, i) => `line ${i}`));
    expect(terminal.shown).toHaveLength(terminal.rows - 1);
  });

  it('starts on a clear screen after the size has changed', () => {
    const terminal = new FakeTerminal();
    const screen = new Screen(terminal);
    screen.draw(['before', 'wrapped']);
    screen.resized();
    screen.draw(['after']);
    expect(terminal.shown).toEqual(['after']);
  });

  it('leaves the last picture standing and gives the cursor back, once', () => {
    const terminal = new FakeTerminal();
    const screen = new Screen(terminal);
    screen.draw(['last']);
    expect(terminal.cursorShown).toBe(false);
    screen.close();
    screen.close();
    screen.draw(['too late']);
    screen.print('goodbye');
    expect(terminal.cursorShown).toBe(true);
    expect(terminal.shown).toEqual(['last', 'goodbye']);
  });
});
