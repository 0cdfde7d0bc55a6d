// The metrics of several processes as one page. Prometheus text format 0.0.4: all samples of a metric stand together, under one HELP and one TYPE.

export interface ProcessMetrics {
  /** Number of the process, from 1. */
  readonly process: number;
  /** What it tells of itself; undefined when it does not answer. */
  readonly text: string | undefined;
  /** How often it was started again. */
  readonly restarts: number;
}

interface Family {
  readonly head: string[];
  readonly samples: string[];
}

/** Every sample gets the label `process`; two metrics say what there is to say of the processes themselves. */
export function mergeMetrics(processes: readonly ProcessMetrics[]): string {
  const families = new Map<string, Family>();
  for (const { process, text } of processes) {
    for (const [name, { head, samples }] of parseFamilies(text ?? '')) {
      const family = families.get(name) ?? { head, samples: [] };
      families.set(name, family);
      family.samples.push(...samples.map((sample) => labelled(sample, process)));
    }
  }
  const lines = [
    '# HELP pushfleet_worker_up 1 when the process answers.',
    '# TYPE pushfleet_worker_up gauge',
    ...processes.map(({ process, text }) => `pushfleet_worker_up{process="${process}"} ${text === undefined ? 0 : 1}`),
    '# HELP pushfleet_worker_restarts_total How often the process was started again.',
    '# TYPE pushfleet_worker_restarts_total counter',
    ...processes.map(({ process, restarts }) => `pushfleet_worker_restarts_total{process="${process}"} ${restarts}`),
    ...[...families.values()].flatMap(({ head, samples }) => [...head, ...samples]),
  ];
  return `${lines.join('\n')}\n`;
}

/** By name. A sample belongs to the HELP or TYPE above it. */
function parseFamilies(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let current: Family = { head: [], samples: [] };
  for (const line of text.split('\n')) {
    const name = /^# (?:HELP|TYPE) (\S+)/.exec(line)?.[1];
    if (name !== undefined) {
      current = families.get(name) ?? { head: [], samples: [] };
      families.set(name, current);
      current.head.push(line);
    } else if (line !== '') current.samples.push(line);
  }
  return families;
}

/** `name value` or `name{labels} value`. */
function labelled(sample: string, process: number): string {
  const label = `process="${process}"`;
  const brace = sample.indexOf('{');
  if (brace >= 0) return `${sample.slice(0, brace + 1)}${label},${sample.slice(brace + 1)}`;
  return sample.replace(' ', `{${label}} `);
}
