import type { Paint, Style } from './style.ts';
import { displayWidth, printable, truncate } from './width.ts';

/** A piece of text in one style; made printable when it is shown. */
export type Span = readonly [style: Style, text: string];

/** One line of pieces, cut where the terminal ends. */
export function renderLine(spans: readonly Span[], { width, paint }: { width: number; paint: Paint }): string {
  let room = width;
  let line = '';
  for (const [style, text] of spans) {
    const shown = truncate(printable(text), room);
    room -= displayWidth(shown);
    line += shown === '' ? '' : paint(style, shown);
  }
  return line;
}
