import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { formatBitrate, formatBytes } from '../format/bitrate.ts';
import { formatClock, formatLag } from '../format/time.ts';
import { liveStore } from '../live/live-store.ts';
import { HISTORY_LENGTH } from '../live/metric-history.ts';
import styles from './push-chart.module.css';

const HEIGHT = 190;
/** Space of the axes; fixed, so that the plot does not move when figures get longer. */
const AXIS_WIDTH = 66;

/** Bitrate, lag and queue of a push over the last minutes, growing by a point a second. */
export function PushChart({ push }: { readonly push: string }) {
  const box = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const plot = new uPlot(chartOptions(element.clientWidth, scheme), chartData(push), element);
    const update = () => plot.setData(chartData(push));
    const unsubscribe = liveStore.topics.subscribe('fleet', update);
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    return () => {
      unsubscribe();
      resized.disconnect();
      plot.destroy();
    };
  }, [push, scheme]);
  return (
    <div
      ref={box}
      className={styles.chart}
      role="img"
      aria-label="Bitrate, lag and queue over the last three minutes"
    />
  );
}

function chartData(push: string): uPlot.AlignedData {
  const { atS, bitrateBps, lagMs, queueBytes } = liveStore.metrics.series(push);
  return [[...atS], [...bitrateBps], [...lagMs], [...queueBytes]];
}

/** The value under the pointer; without a pointer the newest. */
const legendValue =
  (format: (value: number) => string): uPlot.Series.Value =>
  (plot, raw: number | null, series, index) => {
    const value = index === null ? plot.data[series]?.at(-1) : raw;
    return value == null ? '–' : format(value);
  };

function chartOptions(width: number, _scheme: string): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const color = (token: string) => style.getPropertyValue(token).trim();
  const [green, blue, amber] = [color('--green-fill'), color('--blue'), color('--amber-fill')];
  const font = "11px 'Inter Variable', system-ui";
  const axis = { stroke: color('--muted'), font, grid: { stroke: color('--line'), width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    padding: [8, 0, 0, 0],
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    legend: { live: true },
    scales: {
      // Always the same length of time, so that the line moves and does not stretch.
      x: { time: true, range: (_plot, _min, max) => [max - HISTORY_LENGTH, max] },
      bps: { range: (_plot, _min, max) => [0, Math.max(max * 1.1, 1_000)] },
      ms: { range: (_plot, _min, max) => [0, Math.max(max * 1.2, 500)] },
      bytes: { range: (_plot, _min, max) => [0, Math.max(max * 1.2, 100_000)] },
    },
    axes: [
      { ...axis, values: (_plot, ticks) => ticks.map((tick) => formatClock(tick * 1_000)), space: 64, size: 28 },
      {
        ...axis,
        scale: 'bps',
        values: (_plot, ticks) => ticks.map((tick) => (tick === 0 ? '0' : formatBitrate(tick))),
        size: AXIS_WIDTH,
      },
      {
        ...axis,
        scale: 'ms',
        side: 1,
        grid: { show: false },
        values: (_plot, ticks) => ticks.map((tick) => formatLag(tick)),
        size: AXIS_WIDTH - 14,
      },
    ],
    series: [
      { value: (_plot, at) => (at === null ? '–' : formatClock(at * 1_000)), label: 'Time' },
      {
        label: 'Bitrate',
        scale: 'bps',
        stroke: green,
        fill: `color-mix(in srgb, ${green} 14%, transparent)`,
        width: 1.6,
        points: { show: false },
        value: legendValue(formatBitrate),
      },
      {
        label: 'Lag',
        scale: 'ms',
        stroke: blue,
        width: 1.4,
        points: { show: false },
        value: legendValue(formatLag),
      },
      {
        label: 'Queue',
        scale: 'bytes',
        stroke: amber,
        width: 1.4,
        dash: [5, 4],
        points: { show: false },
        value: legendValue(formatBytes),
      },
    ],
  };
}
