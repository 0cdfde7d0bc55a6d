import { Notification } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { toProblem } from '../api/problem.ts';
import styles from './shell.module.css';

interface Toast {
  readonly id: number;
  readonly kind: 'done' | 'failed';
  readonly title: string;
  readonly text: string;
}

const STAY_MS: Readonly<Record<Toast['kind'], number>> = { done: 3_000, failed: 12_000 };
const MAX_TOASTS = 4;
let toasts: readonly Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}
const dismiss = (id: number): void => set(toasts.filter((toast) => toast.id !== id));

function show(kind: Toast['kind'], title: string, text: string): void {
  const id = nextId++;
  set([...toasts.slice(1 - MAX_TOASTS), { id, kind, title, text }]);
  setTimeout(() => dismiss(id), STAY_MS[kind]);
}

/** Says that something was done. */
export const tellDone = (title: string, text = ''): void => show('done', title, text);

/** Says that something could not be done, and why. */
export const tellRefusal = (title: string, text: string): void => show('failed', title, text);

/** Says why `what` could not be done, and what helps. */
export function tellFailure(what: string, error: unknown): void {
  const problem = toProblem(error);
  tellRefusal(what, [problem.message, problem.remedy].filter(Boolean).join(' '));
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** What was said lately; stands once in the page. */
export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className={styles.toasts} role="status" aria-live="polite">
      {shown.map(({ id, kind, title, text }) => (
        <Notification
          key={id}
          color={kind === 'done' ? 'green' : 'red'}
          title={title}
          withBorder
          onClose={() => dismiss(id)}
          closeButtonProps={{ 'aria-label': 'Dismiss' }}
        >
          {text}
        </Notification>
      ))}
    </div>
  );
}
