import { useEffect, useRef } from 'react';
import { KeySequence } from './key-sequence.ts';

/** Keys of the page; `?` shows them. */
export const shortcuts = [
  { key: '/', what: 'Search' },
  { key: 'p', what: 'Pause or resume the push under the pointer, the selected ones, or the open one' },
  { key: 'r', what: 'Restart it' },
  { key: 'Esc', what: 'Close, or clear the selection' },
  { key: '?', what: 'This help' },
] as const;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/**
 * Runs `act` on a key press outside of fields and without modifiers; `key` may be two keys after each other, `g w`. The newest subscriber
 * of a key gets it alone.
 */
export function useShortcut(key: string, act: () => void, isActive = true): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    if (!isActive) return;
    const entry = () => latest.current();
    const stack = stacks.get(key) ?? [];
    stacks.set(key, [...stack, entry]);
    return () => {
      stacks.set(
        key,
        (stacks.get(key) ?? []).filter((other) => other !== entry),
      );
    };
  }, [key, isActive]);
}

/** A dialog asks something: keys that act on pushes behind it would surprise. The drawer of a push is no such dialog. */
const isAsked = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('.mantine-Modal-content') !== null;

const stacks = new Map<string, readonly (() => void)[]>();

/** Listens for all of them; called once. */
export function listenForShortcuts(): void {
  const sequence = new KeySequence();
  window.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event.target) || isAsked(event.target)) return;
    const known = new Set(stacks.keys().filter((keys) => stacks.get(keys)!.length > 0));
    const keys = sequence.press(event.key, event.timeStamp, known);
    if (keys === undefined) return;
    event.preventDefault();
    stacks.get(keys)!.at(-1)!();
  });
}
