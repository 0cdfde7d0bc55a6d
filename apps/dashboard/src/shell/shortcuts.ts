import { useEffect, useRef } from 'react';

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

/** Runs `act` on a key press outside of fields and without modifiers. The newest subscriber of a key gets it alone. */
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

const stacks = new Map<string, readonly (() => void)[]>();

/** Listens for all of them; called once. */
export function listenForShortcuts(): void {
  window.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
    const act = stacks.get(event.key)?.at(-1);
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}
