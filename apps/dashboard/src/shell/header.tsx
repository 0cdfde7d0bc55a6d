import { ActionIcon, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { usePathname } from 'wouter/use-browser-location';
import { logout } from '../api/commands.ts';
import { whoamiQuery } from '../api/queries.ts';
import { Icon } from '../icons.tsx';
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
        <Tooltip label="Keyboard and help (?)">
          <ActionIcon aria-label="Keyboard and help" onClick={onHelp}>
            <Icon name="help" size={18} />
          </ActionIcon>
        </Tooltip>
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
    <Tooltip label={`${next === 'dark' ? 'Dark' : 'Light'} colours`}>
      <ActionIcon aria-label={`Switch to ${next} colours`} onClick={() => setColorScheme(next)}>
        <Icon name={next === 'dark' ? 'moon' : 'sun'} size={18} />
      </ActionIcon>
    </Tooltip>
  );
}

/** There where a token is set; without one there is nothing to leave. */
function LogoutButton() {
  const { data } = useQuery(whoamiQuery);
  if (data === undefined || !data.login_required) return null;
  return (
    <Tooltip label="Log out">
      <ActionIcon aria-label="Log out" onClick={() => void logout().finally(() => window.location.reload())}>
        <Icon name="logout" size={18} />
      </ActionIcon>
    </Tooltip>
  );
}
