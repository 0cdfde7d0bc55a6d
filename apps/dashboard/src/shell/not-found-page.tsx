import { Link } from 'wouter';
import { usePathname } from 'wouter/use-browser-location';
import { EmptyState } from './empty-state.tsx';
import { sections } from './routes.ts';

export function NotFoundPage() {
  const path = usePathname();
  return (
    <EmptyState title="There is no such page" icon="search">
      <p>
        Nothing stands at <code>{path}</code>. There are{' '}
        {sections.map(({ path: to, label }, i) => (
          <span key={to}>
            {i === 0 ? '' : i === sections.length - 1 ? ' and ' : ', '}
            <Link href={to}>{label.toLowerCase()}</Link>
          </span>
        ))}
        .
      </p>
    </EmptyState>
  );
}
