import { memo, useEffect, useRef } from 'react';
import styles from './select-box.module.css';
import { select, useSelectedCount } from './selection.ts';

export interface SelectBoxProps {
  /** The pushes that the box stands for. */
  readonly ids: readonly string[];
  readonly label: string;
}

/** Takes one push or a whole group into the selection; between the two when only some are in. */
export const SelectBox = memo(({ ids, label }: SelectBoxProps) => {
  const count = useSelectedCount(ids);
  const box = useRef<HTMLInputElement>(null);
  const isPart = count > 0 && count < ids.length;
  useEffect(() => {
    if (box.current !== null) box.current.indeterminate = isPart;
  }, [isPart]);
  return (
    <label className={styles.box}>
      <input
        ref={box}
        type="checkbox"
        aria-label={label}
        disabled={ids.length === 0}
        checked={ids.length > 0 && count === ids.length}
        onChange={(event) => select(ids, event.currentTarget.checked)}
      />
    </label>
  );
});
