import { Button } from '@mantine/core';
import { Component, type ErrorInfo, type ReactNode } from 'react';
import { EmptyState } from './empty-state.tsx';

interface ErrorBoundaryProps {
  /** Another page begins without the failure of the one before. */
  readonly page: string;
  readonly children: ReactNode;
}
interface ErrorBoundaryState {
  readonly page: string;
  readonly failure: Error | undefined;
}

/** A page that fails says so in its place; header and fleet bar stay. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { page: this.props.page, failure: undefined };

  static getDerivedStateFromError(error: unknown): Pick<ErrorBoundaryState, 'failure'> {
    return { failure: error instanceof Error ? error : new Error(String(error)) };
  }

  static getDerivedStateFromProps({ page }: ErrorBoundaryProps, state: ErrorBoundaryState): ErrorBoundaryState | null {
    return page === state.page ? null : { page, failure: undefined };
  }

  override componentDidCatch(error: unknown, { componentStack }: ErrorInfo): void {
    console.error('A page has failed', error, componentStack);
  }

  override render(): ReactNode {
    const { failure } = this.state;
    if (failure === undefined) return this.props.children;
    return (
      <EmptyState title="This page has failed" icon="errors">
        <p>
          Pushes are not touched by this. Load the page again; after an update of the scheduler that is all it takes.
          When it happens again, report this: <code>{failure.message}</code>
        </p>
        <Button onClick={() => window.location.reload()}>Load again</Button>
      </EmptyState>
    );
  }
}
