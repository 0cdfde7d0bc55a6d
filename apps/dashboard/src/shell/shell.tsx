import { type ReactNode, useState } from 'react';
import { navigate, usePathname } from 'wouter/use-browser-location';
import { useOpenPush } from '../search/use-filter.ts';
import { PushTip } from '../status/push-tip.tsx';
import { Banner } from './banner.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { FleetBar } from './fleet-bar.tsx';
import { Header } from './header.tsx';
import { loadedWhenOpened } from './on-demand.tsx';
import { usePageTitle } from './page-title.ts';
import { sections } from './routes.ts';
import styles from './shell.module.css';
import { useShortcut } from './shortcuts.ts';
import { Toasts } from './toasts.tsx';

const HelpDialog = loadedWhenOpened(async () => (await import('./help-dialog.tsx')).HelpDialog);
const PushDrawer = loadedWhenOpened(async () => (await import('../push/push-drawer.tsx')).PushDrawer);

/** What stands around every page. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const [isHelpOpen, setHelpOpen] = useState(false);
  const path = usePathname();
  usePageTitle();
  useShortcut('?', () => setHelpOpen(true));
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the page
      </a>
      <div className={styles.shell}>
        <Header onHelp={() => setHelpOpen(true)} />
        <FleetBar />
        <Banner />
        <main id="main" className={styles.main} tabIndex={-1}>
          <ErrorBoundary page={path}>{children}</ErrorBoundary>
        </main>
      </div>
      <HelpDialog isOpen={isHelpOpen} onClose={() => setHelpOpen(false)} />
      <PushDrawer isOpen={useOpenPush() !== null} />
      <PushTip />
      <Toasts />
      {sections.map(({ path: to, key }) => (
        <GoTo key={to} path={to} shortcut={`g ${key}`} />
      ))}
    </>
  );
}

/** Leads to a page by two keys. */
function GoTo({ path, shortcut }: { readonly path: string; readonly shortcut: string }) {
  useShortcut(shortcut, () => navigate(path));
  return null;
}
