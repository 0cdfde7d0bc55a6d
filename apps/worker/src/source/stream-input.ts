import { resolveStreamSettings } from '@pushfleet/config';
import type { DesiredStream } from '@pushfleet/contract';
import type { Logger } from 'pino';
import { trustIn } from '../net/address-policy.ts';
import { Input, type InputOwner, type PublishedSource } from './input.ts';
import { chooseInputs, mayTakeOver } from './input-choice.ts';
import type { InputOpener } from './input-opener.ts';
import type { StreamHub } from './stream-hub.ts';

/** Another input feeds a stream than before. */
export interface InputSwitch {
  readonly stream: string;
  /** Position among the inputs of the stream; 1 is the first. */
  readonly input: number;
  /** In words for people; holds no secret. */
  readonly message: string;
}

export interface StreamInputDeps {
  readonly opener: InputOpener;
  readonly stream: (name: string) => Promise<DesiredStream | undefined>;
  /** A source without a sample for this long counts as lost, where the stream says nothing else. */
  readonly sourceTimeoutMs: number;
  readonly switched: (change: InputSwitch) => void;
  readonly log: Logger;
}

/** How often settings are read that could not be read before; changed ones come by themselves. */
const READ_MS = 1_000;

/**
 * The inputs of one stream in this process, in order of priority. The first that works feeds the hub; when it falls silent or ends, the next
 * one does, and is left again on a sync sample of a better one. A publisher of this very worker is an input like the others.
 */
export class StreamInputs implements InputOwner {
  readonly #hub: StreamHub;
  readonly #deps: StreamInputDeps;
  /** The stream as people publish it, here or at another worker. It is there before the settings say that it is an input. */
  readonly #published: Input;
  #inputs: readonly Input[] = [];
  /** The same by what makes an input the same one: its URL, and what its owner may reach. */
  #byKey: ReadonlyMap<string, Input> = new Map();
  /** The settings that `#inputs` were made from. */
  #settings: string | undefined;
  #sourceTimeoutMs: number;
  /** Why no input is of use; undefined when they may be. */
  #obstacle: string | undefined = 'the stream has no source yet';
  /** The input that feeds the hub, or was the last to do so. */
  #fedBy: Input | undefined;
  #isReading = false;
  #readAt = 0;
  #isClosed = false;

  constructor(hub: StreamHub, deps: StreamInputDeps) {
    this.#hub = hub;
    this.#deps = deps;
    this.#published = new Input('publish://', hub, deps.opener.published(hub.name), this);
    this.#sourceTimeoutMs = deps.sourceTimeoutMs;
    void this.#read();
  }

  /** Why the stream is not live, in words for people. */
  get reason(): string {
    if (this.#obstacle !== undefined) return this.#obstacle;
    if (this.#inputs.length === 1) return this.#inputs[0]!.reason;
    return this.#inputs.map(({ reason }, index) => `input ${index + 1}: ${reason}`).join('; ');
  }

  /** A publisher on this worker offers the stream; what feeds it now goes on until the publisher has a sync sample, or for good. */
  publish(): PublishedSource {
    return this.#published.publish();
  }

  /** Somebody publishes the stream to this worker. */
  get published(): boolean {
    return this.#published.isPublished;
  }

  /** The input that feeds the stream, 1 is the first; undefined when none does. */
  get feeding(): number | undefined {
    const index = this.#inputs.findIndex(({ state }) => state.isOn);
    return index === -1 ? undefined : index + 1;
  }

  /** The stream has come live somewhere, or has gone: looks now instead of after the pause. */
  refresh(): void {
    this.#published.refresh();
    this.#review();
  }

  /** The stream as it is wanted now. Inputs that are still wanted go on; what feeds the hub stays unless it is wanted no more. */
  reconsider(stream: DesiredStream): void {
    this.#adopt(stream);
  }

  /** To be called a few times a second: looks how the inputs do. */
  tick(): void {
    if (this.#settings === undefined && performance.now() - this.#readAt >= READ_MS) void this.#read();
    for (const input of this.#inputs) input.tick(this.#sourceTimeoutMs);
    this.#review();
  }

  close(): void {
    this.#isClosed = true;
    for (const input of this.#inputs) input.close();
  }

  mayTakeOver(input: Input): boolean {
    if (this.#isClosed) return false;
    const index = this.#inputs.indexOf(input);
    // Before the settings are known there are only publishers, who were let in because the stream takes them.
    return index === -1 ? this.#settings === undefined : mayTakeOver(this.#states, index, this.#sourceTimeoutMs);
  }

  tookOver(input: Input): void {
    const before = this.#fedBy;
    this.#fedBy = input;
    if (before !== input && this.#inputs.length > 1) this.#tellSwitch(input, before);
    this.#review();
  }

  closed(input: Input, isNews: boolean): void {
    const failed = { stream: this.#hub.name, input: this.#inputs.indexOf(input) + 1, reason: input.reason };
    if (isNews) this.#deps.log.warn(failed, 'input failed');
    this.#review();
  }

  get #states() {
    return this.#inputs.map(({ state }) => state);
  }

  /** Opens and closes inputs so that the best one that works feeds the hub. */
  #review(): void {
    if (this.#isClosed) return;
    const { open, close } = chooseInputs(this.#states, this.#sourceTimeoutMs);
    for (const index of close) this.#inputs[index]!.close();
    for (const index of open) this.#inputs[index]!.open();
  }

  /** Reads the settings for the first time, or again when they could not be used. Never rejects. */
  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#readAt = performance.now();
    const stream = await this.#deps.stream(this.#hub.name).catch(() => 'unreadable' as const);
    this.#isReading = false;
    if (this.#isClosed || this.#settings !== undefined) return; // somebody has brought newer ones
    if (stream === 'unreadable') this.#obstacle = UNREADABLE;
    else if (stream === undefined) this.#obstacle = 'the stream does not exist';
    else this.#adopt(stream);
  }

  #adopt(stream: DesiredStream): void {
    const settings = settingsOf(stream);
    if (this.#isClosed || settings === this.#settings) return;
    try {
      this.#replaceInputs(stream);
      this.#settings = settings;
    } catch {
      this.#obstacle = UNREADABLE;
    }
    this.#review();
  }

  #replaceInputs(stream: DesiredStream): void {
    const { inputs: urls, sourceTimeoutMs } = resolveStreamSettings(stream.spec);
    const trust = trustIn(stream.origin);
    this.#obstacle = obstacleOf(stream);
    const wanted = this.#obstacle === undefined ? urls : [];
    const before = this.#byKey;
    this.#byKey = new Map(
      wanted.map((url) => {
        if (url.toLowerCase().startsWith('publish:')) return ['publish', this.#published];
        const key = `${trust} ${url}`;
        return [key, before.get(key) ?? new Input(url, this.#hub, this.#deps.opener.url(url, trust), this)];
      }),
    );
    this.#inputs = [...this.#byKey.values()];
    for (const input of before.values()) if (!this.#inputs.includes(input)) input.close();
    this.#sourceTimeoutMs = sourceTimeoutMs ?? this.#deps.sourceTimeoutMs;
  }

  #tellSwitch(input: Input, before: Input | undefined): void {
    const number = this.#inputs.indexOf(input) + 1;
    const previous = before === undefined ? 0 : this.#inputs.indexOf(before) + 1;
    // On the way back to a better one there is nothing to explain.
    const why = previous > 0 && previous < number ? `; input ${previous}: ${before?.reason}` : '';
    this.#deps.switched({ stream: this.#hub.name, input: number, message: `input ${number} feeds the stream${why}` });
  }
}

const UNREADABLE = 'the settings of the stream cannot be read';

/** Why a stream can have no source, whatever its inputs do. */
function obstacleOf({ removed, spec }: DesiredStream): string | undefined {
  if (removed) return 'the stream does not exist';
  if (spec.disabled === true) return 'the stream is disabled';
  return (spec.inputs ?? []).length === 0 ? 'the stream has no input' : undefined;
}

/** What of a stream decides where it comes from. */
function settingsOf({ removed, spec, origin }: DesiredStream): string {
  return JSON.stringify([removed, spec.disabled, spec.inputs, spec.source_timeout, origin]);
}
