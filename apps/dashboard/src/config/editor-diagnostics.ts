import { type EditorState, type Range, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, WidgetType } from '@codemirror/view';
import { type ConfigDiagnostic, caretLine, diagnosticMessage } from './diagnostic-text.ts';

const setDiagnostics = StateEffect.define<readonly ConfigDiagnostic[]>();

/** Below the line of each diagnostic: carets under the place and what is wrong with it. */
class DiagnosticWidget extends WidgetType {
  readonly #carets: string;
  readonly #diagnostic: ConfigDiagnostic;

  constructor(carets: string, diagnostic: ConfigDiagnostic) {
    super();
    this.#carets = carets;
    this.#diagnostic = diagnostic;
  }

  override eq(other: DiagnosticWidget): boolean {
    return other.#carets === this.#carets && other.#diagnostic === this.#diagnostic;
  }

  toDOM(): HTMLElement {
    const { severity } = this.#diagnostic;
    const element = document.createElement('div');
    element.className = 'conf-diagnostic';
    element.dataset.severity = severity;
    const carets = document.createElement('span');
    carets.className = 'conf-carets';
    carets.setAttribute('aria-hidden', 'true');
    carets.textContent = `${this.#carets} `;
    const message = document.createElement('span');
    message.textContent = `${severity}: ${diagnosticMessage(this.#diagnostic)}`;
    element.append(carets, message);
    return element;
  }
}

export const diagnosticsField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(decorations, { changes, effects, state }) {
    const effect = effects.find((one) => one.is(setDiagnostics));
    return effect === undefined ? decorations.map(changes) : decorate(state, effect.value);
  },
  provide: (field) => EditorView.decorations.from(field),
});

function decorate(state: EditorState, diagnostics: readonly ConfigDiagnostic[]): DecorationSet {
  const ranges: Range<Decoration>[] = [];
  for (const diagnostic of diagnostics) {
    const { line: number, column, length, severity } = diagnostic;
    if (number > state.doc.lines) continue; // of a text that was longer
    const line = state.doc.line(number);
    const from = Math.min(line.from + column - 1, line.to);
    const to = Math.min(from + length, line.to);
    if (to > from)
      ranges.push(Decoration.mark({ class: 'conf-place', attributes: { 'data-severity': severity } }).range(from, to));
    const widget = new DiagnosticWidget(caretLine(line.text, diagnostic), diagnostic);
    ranges.push(Decoration.widget({ widget, block: true, side: 1 }).range(line.to));
  }
  return Decoration.set(ranges, true);
}

/** Shows these in place of all others. */
export const showDiagnostics = (view: EditorView, diagnostics: readonly ConfigDiagnostic[]): void =>
  view.dispatch({ effects: setDiagnostics.of(diagnostics) });
