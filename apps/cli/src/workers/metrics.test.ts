import { expect, it } from 'vitest';
import { mergeMetrics } from './metrics.ts';

const page = (held: number) => `# HELP held Pushes.
# TYPE held gauge
held ${held}
# HELP pushes By status.
# TYPE pushes gauge
pushes{status="running"} ${held}
pushes{status="a} b"} 0
`;

it('puts the samples of all processes under one head each, labelled', () => {
  const text = mergeMetrics([
    { process: 1, text: page(3), restarts: 0 },
    { process: 2, text: page(4), restarts: 2 },
    { process: 3, text: undefined, restarts: 1 },
  ]);
  expect(text).toBe(`# HELP pushfleet_worker_up 1 when the process answers.
# TYPE pushfleet_worker_up gauge
pushfleet_worker_up{process="1"} 1
pushfleet_worker_up{process="2"} 1
pushfleet_worker_up{process="3"} 0
# HELP pushfleet_worker_restarts_total How often the process was started again.
# TYPE pushfleet_worker_restarts_total counter
pushfleet_worker_restarts_total{process="1"} 0
pushfleet_worker_restarts_total{process="2"} 2
pushfleet_worker_restarts_total{process="3"} 1
# HELP held Pushes.
# TYPE held gauge
held{process="1"} 3
held{process="2"} 4
# HELP pushes By status.
# TYPE pushes gauge
pushes{process="1",status="running"} 3
pushes{process="1",status="a} b"} 0
pushes{process="2",status="running"} 4
pushes{process="2",status="a} b"} 0
`);
});
