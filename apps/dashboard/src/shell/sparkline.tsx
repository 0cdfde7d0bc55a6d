import { memo } from 'react';

export interface SparklineProps {
  /** Oldest first; drawn from right to left, so that a short past does not stretch. */
  readonly values: readonly number[];
  readonly length: number;
  readonly width: number;
  readonly height: number;
}

/** A line of the last seconds, its top the highest value in it. Decoration: the figure stands beside it. */
export const Sparkline = memo(({ values, length, width, height }: SparklineProps) => {
  const top = Math.max(...values, 1);
  const step = width / (length - 1);
  const first = width - (values.length - 1) * step;
  const points = values.map(
    (value, i) => `${(first + i * step).toFixed(1)},${(height - 1.5 - (value / top) * (height - 3)).toFixed(1)}`,
  );
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <path d={`M0 ${height - 0.5}H${width}`} stroke="var(--line)" />
      {points.length > 1 && (
        <>
          <polygon points={`${first},${height} ${points.join(' ')} ${width},${height}`} fill="var(--accent-soft)" />
          <polyline
            points={points.join(' ')}
            fill="none"
            stroke="var(--accent)"
            strokeWidth="1.5"
            strokeLinejoin="round"
          />
        </>
      )}
    </svg>
  );
});
