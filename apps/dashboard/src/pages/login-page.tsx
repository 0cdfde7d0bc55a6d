import { Button, PasswordInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { login } from '../api/commands.ts';
import { toProblem } from '../api/problem.ts';

/** Asks for the token; `onLogin` when a session has begun. */
export function LoginPage({ onLogin }: { readonly onLogin: () => void }) {
  const [token, setToken] = useState('');
  const [refusal, setRefusal] = useState('');
  async function submit(event: FormEvent) {
    event.preventDefault();
    try {
      await login(token);
      onLogin();
    } catch (error) {
      setRefusal(toProblem(error).message);
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)} style={{ maxWidth: 360, margin: '20vh auto', padding: 16 }}>
      <h1>Pushfleet</h1>
      <PasswordInput
        label="Token"
        value={token}
        onChange={(event) => setToken(event.currentTarget.value)}
        error={refusal}
        autoFocus
        required
      />
      <Button type="submit" mt="md">
        Log in
      </Button>
    </form>
  );
}
