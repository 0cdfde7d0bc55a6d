import { useEffect, useState } from 'react';
import { toProblem } from '../api/problem.ts';
import { type Validation, validateConfig } from './config-actions.ts';

/** Nothing is asked between two quick key presses. */
const TYPING_MS = 250;

export interface ValidationState {
  /** Of the text as it is now, or as it was a moment ago; undefined until there is one. */
  readonly validation: Validation | undefined;
  /** It is about the text as it is now. */
  readonly isCurrent: boolean;
  /** Why the scheduler could not be asked; empty when it could. */
  readonly failure: string;
}

/** What the scheduler says to a text that is being written. */
export function useValidation(text: string): ValidationState {
  const [answer, setAnswer] = useState<{ readonly text: string; readonly validation: Validation }>();
  const [failure, setFailure] = useState('');
  useEffect(() => {
    const controller = new AbortController();
    const ask = async () => {
      try {
        setAnswer({ text, validation: await validateConfig(text, controller.signal) });
        setFailure('');
      } catch (error) {
        if (!controller.signal.aborted) setFailure(toProblem(error).message);
      }
    };
    const timer = setTimeout(() => void ask(), TYPING_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text]);
  return { validation: answer?.validation, isCurrent: answer?.text === text, failure };
}
