// How many cells a text takes in a terminal: grapheme clusters (UAX #29), East Asian wide ones two cells (UAX #11).

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Blocks whose characters are Wide or Fullwidth in UAX #11; emoji are told apart by their own property. */
const wideBlocks =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]/u;
/** Emoji presentation by default, or asked for with VARIATION SELECTOR-16. */
const emoji = /\p{Emoji_Presentation}|\p{Emoji}\ufe0f/u;
/** A cluster of nothing but marks, joiners and other invisible characters. */
const invisible = /^[\p{Mark}\p{Cf}\p{Cc}]*$/u;

const ELLIPSIS = '…';

/** Text of unknown origin made safe to print: control characters (escape sequences begin with one) become spaces. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ');
}

function clusterWidth(cluster: string): number {
  if (invisible.test(cluster)) return 0;
  return wideBlocks.test(cluster) || emoji.test(cluster) ? 2 : 1;
}

/** Cells of a printable text. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += clusterWidth(segment);
  return width;
}

/** The longest beginning of `text` that fits into `width` cells; an ellipsis says that something is missing. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 0) return '';
  let kept = '';
  let cells = 0;
  for (const { segment } of graphemes.segment(text)) {
    cells += clusterWidth(segment);
    if (cells > width - 1) break;
    kept += segment;
  }
  return kept + ELLIPSIS;
}

/** `text` in exactly `width` cells: cut or filled up with spaces. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const kept = truncate(text, width);
  const padding = ' '.repeat(Math.max(0, width - displayWidth(kept)));
  return align === 'left' ? kept + padding : padding + kept;
}
