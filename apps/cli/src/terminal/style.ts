import { styleText } from 'node:util';

/** Colours have meanings here; `statusStyles` of `push-table.ts` maps each status to one. */
export type Style = 'plain' | 'dim' | 'bold' | 'good' | 'busy' | 'warning' | 'bad' | 'paused';

/** Dresses printable text for one output. */
export type Paint = (style: Style, text: string) => string;

const formats = {
  dim: 'dim',
  bold: 'bold',
  good: 'green',
  busy: 'blue',
  warning: 'yellow',
  bad: 'red',
  paused: ['dim', 'italic'],
} as const;

/** Paints when `stream` is a terminal that shows colours; NO_COLOR, NODE_DISABLE_COLORS and FORCE_COLOR are respected. */
export function paintFor(stream: NodeJS.WritableStream): Paint {
  return (style, text) => (style === 'plain' ? text : styleText(formats[style], text, { stream }));
}

/** Paints nothing: for files and pipes. */
export const noPaint: Paint = (_style, text) => text;
