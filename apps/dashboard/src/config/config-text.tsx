import type { EditorView } from '@codemirror/view';
import { type RefObject, useEffect, useImperativeHandle, useRef } from 'react';
import { useShortcut } from '../shell/shortcuts.ts';
import styles from './config-text.module.css';
import type { ConfigDiagnostic } from './diagnostic-text.ts';
import { createEditor, goTo, openSearch, replaceText } from './editor.ts';
import { showDiagnostics } from './editor-diagnostics.ts';

export interface ConfigTextHandle {
  /** From 1. */
  goTo(line: number, column: number): void;
}

export interface ConfigTextProps {
  readonly label: string;
  /** Read-only: what is shown. Editable: what it begins with. */
  readonly text: string;
  readonly diagnostics: readonly ConfigDiagnostic[];
  readonly onChange?: (text: string) => void;
  readonly ref?: RefObject<ConfigTextHandle | null>;
}

/** The config text, to be read or written. `/` searches in it. */
export function ConfigText({ label, text, diagnostics, onChange, ref }: ConfigTextProps) {
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const first = useRef({ text, onChange });
  const isReadOnly = onChange === undefined;

  useEffect(() => {
    const { onChange: tell, text: begin } = first.current;
    const editor = createEditor({ parent: parent.current!, text: begin, label, ...(tell && { onChange: tell }) });
    view.current = editor;
    return () => {
      view.current = null;
      editor.destroy();
    };
  }, [label]);
  useEffect(() => {
    if (isReadOnly && view.current !== null) replaceText(view.current, text);
  }, [text, isReadOnly]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the places belong to this text
  useEffect(() => {
    if (view.current !== null) showDiagnostics(view.current, diagnostics);
  }, [diagnostics, text]);

  useImperativeHandle(ref, () => ({ goTo: (line, column) => view.current && goTo(view.current, line, column) }), []);
  useShortcut('/', () => view.current && openSearch(view.current));
  return <div ref={parent} className={styles.text} />;
}
