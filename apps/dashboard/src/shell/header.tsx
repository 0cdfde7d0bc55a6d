import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { Link } from 'wouter';
import { usePathname } from 'wouter/use-browser-location';
import { logout } from '../api/commands.ts';
import { Icon } from '../icons.tsx';
import { useAccess } from '../login/use-access.ts';
import { IconButton } from './icon-button.tsx';
import { isInSection, sections } from './routes.ts';
import styles from './shell.module.css';

export function Header({ onHelp }: { readonly onHelp: () => void }) {
  return (
    <header className={styles.header}>
      <Link href="/" className={styles.brand} aria-label="Pushfleet, to the streams">
        <img src="/icon.svg" alt="" width={22} height={22} />
        <span>Pushfleet</span>
      </Link>
      <Navigation />
      <div className={styles.tools}>
        <ColorSchemeButton />
        <IconButton icon="help" size={18} label="Keyboard and help" title="Keyboard and help (?)" onClick={onHelp} />
        <LogoutButton />
      </div>
    </header>
  );
}

function Navigation() {
  const path = usePathname();
  return (
    <nav className={styles.nav} aria-label="Pages">
      {sections.map(({ path: to, label, icon }) => (
        <Link key={to} href={to} className={styles.navLink} aria-current={isInSection(to, path) ? 'page' : undefined}>
          <Icon name={icon} size={17} className={styles.navIcon} />
          {label}
        </Link>
      ))}
    </nav>
  );
}

function ColorSchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false });
  const next = scheme === 'dark' ? 'light' : 'dark';
  return (
    <IconButton
      icon={next === 'dark' ? 'moon' : 'sun'}
      size={18}
      label={`Switch to ${next} colours`}
      onClick={() => setColorScheme(next)}
    />
  );
}

/** There where a token is set; without one there is nothing to leave. */
function LogoutButton() {
  if (!useAccess().isTokenSet) return null;
  return (
    <IconButton
      icon="logout"
      size={18}
      label="Log out"
      onClick={() => void logout().finally(() => window.location.reload())}
    />
  );
}
