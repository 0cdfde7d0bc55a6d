import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetEvent } from '@pushfleet/contract';
import type { Command } from 'commander';
import type { ApiClient, NumberedEvent } from '../api/client.ts';
import { CliError } from '../cli-error.ts';
import { type Context, writeJson } from '../context.ts';
import { formatBytes, formatRetries } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { printable } from '../terminal/width.ts';
import { connect, operatorCommand } from './operator.ts';

/** Silence after which the kept events are taken to be all here; a server under load gets longer for the first one. */
const CAUGHT_UP_MS = 500;
const FIRST_EVENT_MS = 3000;
const RECONNECT_MS = 1000;
/** Before the first event that is kept. */
const FROM_THE_START = '0-0';

export function addEvents(program: Command, context: Context): void {
  operatorCommand(program, 'events', 'show what has happened')
    .option('-f, --follow', 'show what happens from now on, until Ctrl-C; reconnects by itself')
    .action(async ({ follow: follows, json }: { follow?: true; json?: true }) => {
      const show = ({ event }: NumberedEvent): void => {
        if (json) writeJson(context.stdout, event);
        else context.stdout.write(`${describeEvent(event, context)}\n`);
      };
      const { stop } = context.interrupts();
      await (follows ? follow(connect(context), stop, show, context) : history(connect(context), stop, show));
    });
}

/** All events that are kept, oldest first. */
async function history(api: ApiClient, stop: AbortSignal, show: (event: NumberedEvent) => void): Promise<void> {
  const caughtUp = new AbortController();
  const endAfter = (ms: number) => setTimeout(() => caughtUp.abort(), ms);
  const signal = AbortSignal.any([stop, caughtUp.signal]);
  let timer = endAfter(FIRST_EVENT_MS);
  try {
    for await (const event of api.events(FROM_THE_START, signal, () => {})) {
      clearTimeout(timer);
      timer = endAfter(CAUGHT_UP_MS);
      show(event);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Resumes after the last event seen, so that nothing is missed or shown twice while the scheduler restarts. */
async function follow(
  api: ApiClient,
  stop: AbortSignal,
  show: (event: NumberedEvent) => void,
  { stderr, paint }: Context,
): Promise<void> {
  const say = (text: string): void => void stderr.write(`${paint('dim', text)}\n`);
  const onGap = (): void => say('Some events have been missed: they are not kept any more.');
  const onStale = (asOf: string | undefined): void => {
    const age = asOf ? `, since ${asOf}` : '';
    say(
      asOf === undefined ? 'Redis is back.' : `Redis does not answer${age}: what happens now is told when it is back.`,
    );
  };
  let lastEventId: string | undefined;
  let connectedOnce = false;
  while (!stop.aborted) {
    try {
      for await (const event of api.events(lastEventId, stop, onGap, onStale)) {
        connectedOnce = true;
        lastEventId = event.id || lastEventId;
        show(event);
      }
    } catch (error) {
      if (stop.aborted) return;
      const canHeal = connectedOnce && (!(error instanceof CliError) || error.exit === 'unreachable');
      if (!canHeal) throw error;
    }
    if (stop.aborted) return;
    say(`The connection to ${api.address} is lost; trying again.`);
    await sleep(RECONNECT_MS, undefined, { signal: stop }).catch(() => {});
  }
}

const eventStyles: readonly [RegExp, Style][] = [
  [/^push_(started|resumed)$|^stream_started$|^worker_(started|taking)$/, 'good'],
  [/^push_(retry|stalled)$|^worker_(draining|full)$|^stream_refused$/, 'warning'],
  [/^push_error$|^worker_(lost|fenced)$/, 'bad'],
  [/^push_(opened|connected)$/, 'busy'],
  [/^target_up$/, 'good'],
  [/^target_down$/, 'bad'],
];

function describeEvent(event: FleetEvent, { paint }: Context): string {
  const style = eventStyles.find(([pattern]) => pattern.test(event.event))?.[1] ?? 'plain';
  const facts = [
    event.host,
    event.stream,
    event.url && `-> ${event.url}`,
    event.push && `[${event.push}]`,
    event.worker && `on ${event.worker}`,
    event.failures_in_a_row &&
      `failed ${formatRetries(event.failures_in_a_row, null).replace('/∞', '')} times in a row`,
    event.bytes && formatBytes(event.bytes),
    event.cause && `(${event.cause})`,
    event.message,
    event.by && `by ${event.by}`,
  ];
  const text = printable(facts.filter(Boolean).join(' '));
  return `${paint('dim', event.at)} ${paint(style, event.event.padEnd(16))} ${text}`.trimEnd();
}
