import styles from './config.module.css';
import { type ConfigDiagnostic, diagnosticMessage } from './diagnostic-text.ts';

export interface DiagnosticListProps {
  readonly diagnostics: readonly ConfigDiagnostic[];
  readonly onGoTo: (line: number, column: number) => void;
}

/** All that is to be said of the text; a click leads to the place. */
export function DiagnosticList({ diagnostics, onGoTo }: DiagnosticListProps) {
  return (
    <ul className={styles.diagnostics} aria-label="Diagnostics">
      {diagnostics.map((diagnostic) => {
        const { severity, code, line, column } = diagnostic;
        return (
          <li key={`${line}:${column} ${code} ${diagnostic.message}`}>
            <button type="button" data-severity={severity} onClick={() => onGoTo(line, column)}>
              <span className={styles.place}>
                {line}:{column}
              </span>
              <b>{severity}</b>
              <span className={styles.diagnosticText}>{diagnosticMessage(diagnostic)}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
