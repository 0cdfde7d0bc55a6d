import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { openSearchPanel, search, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension, RangeSetBuilder } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view';
import { diagnosticsField } from './editor-diagnostics.ts';
import { lineTokens, type TokenKind } from './line-tokens.ts';

export interface EditorOptions {
  readonly parent: HTMLElement;
  readonly text: string;
  readonly label: string;
  /** Called with the whole text after each change; absent: read-only. */
  readonly onChange?: (text: string) => void;
}

/** The config text with line numbers, colours and what is wrong with it. The caller destroys it. */
export function createEditor({ parent, text, label, onChange }: EditorOptions): EditorView {
  const isReadOnly = onChange === undefined;
  const extensions: Extension[] = [
    lineNumbers(),
    drawSelection(),
    colours,
    diagnosticsField,
    search({ top: true }),
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0', spellcheck: 'false' }),
    EditorState.readOnly.of(isReadOnly),
    EditorView.editable.of(!isReadOnly),
    EditorState.tabSize.of(2),
    keymap.of([...searchKeymap, ...defaultKeymap, ...(isReadOnly ? [] : [...historyKeymap, indentWithTab])]),
  ];
  if (onChange !== undefined) {
    extensions.push(
      history(),
      highlightActiveLine(),
      EditorView.updateListener.of((update) => update.docChanged && onChange(update.state.doc.toString())),
    );
  }
  return new EditorView({ parent, state: EditorState.create({ doc: text, extensions }) });
}

/** Puts another text in the place of the whole, when it is another one. */
export function replaceText(view: EditorView, text: string): void {
  const { doc } = view.state;
  if (doc.toString() !== text) view.dispatch({ changes: { from: 0, to: doc.length, insert: text } });
}

/** Shows a place, from 1, in the middle of the view. */
export function goTo(view: EditorView, lineNumber: number, column: number): void {
  const { doc } = view.state;
  const line = doc.line(Math.min(Math.max(1, lineNumber), doc.lines));
  const at = Math.min(line.from + column - 1, line.to);
  view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
  view.focus();
}

export const openSearch = (view: EditorView): boolean => openSearchPanel(view);

const marks = Object.fromEntries(
  (['directive', 'key', 'url', 'string', 'comment', 'punctuation'] as const satisfies readonly TokenKind[]).map(
    (kind) => [kind, Decoration.mark({ class: `conf-${kind}` })],
  ),
) as Readonly<Record<TokenKind, Decoration>>;

/** Only the lines that are seen are coloured: a config may have many thousand. */
const colours = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = coloured(view);
    }
    update(update: ViewUpdate): void {
      if (update.docChanged || update.viewportChanged) this.decorations = coloured(update.view);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

function coloured(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to; ) {
      const line = view.state.doc.lineAt(at);
      for (const token of lineTokens(line.text))
        builder.add(line.from + token.from, line.from + token.to, marks[token.kind]);
      at = line.to + 1;
    }
  }
  return builder.finish();
}
