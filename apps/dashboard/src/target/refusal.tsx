import type { ApiProblem } from '../api/problem.ts';
import styles from './target.module.css';

/** Why the API refused, and what helps. */
export function Refusal({ problem }: { readonly problem: ApiProblem }) {
  return (
    <p role="alert" className={styles.refusal}>
      {problem.message} {problem.remedy}
    </p>
  );
}
