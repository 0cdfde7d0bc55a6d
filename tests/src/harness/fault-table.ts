/** What one fault did, once. */
export interface Observation {
  /** Name of the fault. */
  readonly name: string;
  /** Of each push that was hit: from the fault to the first media at its target. */
  readonly recoveryMs: readonly number[];
  /** Of each push that its target dropped meanwhile: from the drop to the first media. */
  readonly retryMs: readonly number[];
  /** Pushes that should have gone on and did not. */
  readonly interrupted: readonly string[];
  /** Pushes that had two publishers at a time: by `media`, or connected only. */
  readonly doubled: { readonly media: readonly string[]; readonly connection: readonly string[] };
}

const HEAD = [
  'fault',
  'times',
  'pushes hit',
  'media again: p50',
  'max',
  'retried: p50',
  'max',
  'others interrupted',
  'two publishers',
];

/** A table in Markdown, one row for each kind of fault. */
export function faultTable(observations: readonly Observation[]): string {
  const rows = [...Map.groupBy(observations, ({ name }) => name)].map(([name, its]) => row(name, its));
  return [HEAD, HEAD.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function row(name: string, its: readonly Observation[]): (string | number)[] {
  const count = (of: (observation: Observation) => number) => its.reduce((sum, one) => sum + of(one), 0);
  const recoveryMs = its.flatMap((one) => one.recoveryMs);
  const retryMs = its.flatMap((one) => one.retryMs);
  return [
    name,
    its.length,
    recoveryMs.length,
    seconds(at(recoveryMs, 0.5)),
    seconds(at(recoveryMs, 1)),
    seconds(at(retryMs, 0.5)),
    seconds(at(retryMs, 1)),
    count(({ interrupted }) => interrupted.length),
    count(({ doubled }) => doubled.media.length),
  ];
}

/** The value below which that share lies; undefined of none. */
export function at(values: readonly number[], share: number): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)];
}

const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : `${(ms / 1_000).toFixed(2)} s`);
