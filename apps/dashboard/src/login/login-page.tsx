import { Alert, Button, PasswordInput } from '@mantine/core';
import { type FormEvent, useEffect, useState } from 'react';
import { login } from '../api/commands.ts';
import { toProblem } from '../api/problem.ts';
import styles from './login.module.css';
import { takeAccess } from './use-access.ts';

export interface LoginPageProps {
  /** A session has ended in the middle of work. */
  readonly hasExpired: boolean;
}

/** Asks for the token. It stands at the address of the page that was wanted, which shows itself after the login. */
export function LoginPage({ hasExpired }: LoginPageProps) {
  const [token, setToken] = useState('');
  const [refusal, setRefusal] = useState('');
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    document.title = 'Log in · Pushfleet';
  }, []);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setRefusal('');
    try {
      await login(token.trim());
      await takeAccess();
    } catch (error) {
      setRefusal(toProblem(error).message);
    } finally {
      setBusy(false);
    }
  }

  return (
    <main className={styles.page}>
      <form className={styles.card} aria-label="Log in" onSubmit={(event) => void submit(event)}>
        <img src="/icon.svg" alt="" width={44} height={44} />
        <h1>Pushfleet</h1>
        {hasExpired && refusal === '' && (
          <Alert color="blue" p="xs" role="status">
            Your session has ended. Log in to go on where you were; pushes are not touched by this.
          </Alert>
        )}
        <input type="text" name="username" autoComplete="username" value="pushfleet" readOnly hidden />
        <PasswordInput
          label="Token"
          description="What PUSHFLEET_TOKEN of the scheduler says"
          name="token"
          autoComplete="current-password"
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
          error={refusal}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the token' }}
          autoFocus
          required
          withAsterisk={false}
        />
        <Button type="submit" size="sm" loading={isBusy} disabled={token.trim() === ''} fullWidth>
          Log in
        </Button>
      </form>
    </main>
  );
}
