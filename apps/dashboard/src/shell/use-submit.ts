import { type FormEvent, useState } from 'react';
import { type ApiProblem, toProblem } from '../api/problem.ts';

export interface Submission {
  readonly isBusy: boolean;
  /** Why the last try was refused; undefined from the next try on. */
  readonly problem: ApiProblem | undefined;
  readonly submit: (event: FormEvent) => Promise<void>;
}

/** What a form does when it is sent: `act` runs, and what it throws is the problem that the form shows. */
export function useSubmit(act: () => Promise<void>): Submission {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await act();
    } catch (error) {
      setProblem(toProblem(error));
    } finally {
      setBusy(false);
    }
  }

  return { isBusy, problem, submit };
}
