import { useEffect } from 'react';
import { usePathname } from 'wouter/use-browser-location';
import { useFleet } from '../live/use-live.ts';
import { isInSection, sections } from './routes.ts';

/** What the tab of the browser says: the page, and how many pushes need a person, so that a tab in the background tells it too. */
export function pageTitle(path: string, failed: number): string {
  const stream = /^\/streams\/([^/]+)/.exec(path)?.[1];
  const section = sections.find((one) => isInSection(one.path, path))?.label ?? 'Not found';
  const page = stream === undefined ? section : readable(stream);
  return `${failed > 0 ? `(${failed} failed) ` : ''}${page} · Pushfleet`;
}

function readable(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // typed by hand
  }
}

export function usePageTitle(): void {
  const path = usePathname();
  const failed = useFleet()?.pushes.error ?? 0;
  const title = pageTitle(path, failed);
  useEffect(() => {
    document.title = title;
  }, [title]);
}
