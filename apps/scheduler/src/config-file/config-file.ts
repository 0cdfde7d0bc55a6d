import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ConfigStream, checkConfig, type Diagnostic, formatDiagnostic, type StreamSpec } from '@pushfleet/config';
import type { Logger } from 'pino';

/** The file cannot be used as it is; the message is for a terminal, with line, column and hint. */
export class ConfigFileError extends Error {
  override readonly name = 'ConfigFileError';
}

/** Editors write in several steps. */
const SETTLE_MS = 150;
/** File systems without notifications, and mounts that are swapped as a whole. */
const LOOK_AGAIN_MS = 5_000;

/** The config file on disk: the last text without errors counts; one with errors is reported and left alone as a whole. */
export class ConfigFile {
  readonly #path: string;
  readonly #log: Logger;
  readonly #onChange: () => void;
  #streams: readonly ConfigStream[];
  #text: string;
  #diagnostics: readonly Diagnostic[];
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #settling: NodeJS.Timeout | undefined;

  private constructor(path: string, log: Logger, onChange: () => void, read: CheckedText) {
    this.#path = path;
    this.#log = log;
    this.#onChange = onChange;
    this.#streams = read.streams;
    this.#text = read.text;
    this.#diagnostics = read.diagnostics;
  }

  /** Reads the file for the first time. Rejects with ConfigFileError. `onChange`: there are other streams from now on. */
  static async open(path: string, log: Logger, onChange: () => void): Promise<ConfigFile> {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new ConfigFileError(
        `${path}: the config file cannot be read (${error.code ?? error.message}); check PUSHFLEET_CONFIG`,
      );
    });
    const checked = checkText(path, text);
    if (!checked.ok) throw new ConfigFileError(checked.report);
    const file = new ConfigFile(path, log, onChange, checked);
    file.#warn(checked.warnings);
    return file;
  }

  /** Of the last text without errors. */
  get specs(): readonly StreamSpec[] {
    return this.#streams.map(({ spec }) => spec);
  }

  /** The line of a push in the last text without errors; undefined when it is not there. */
  lineOf(stream: string, url: string): number | undefined {
    const found = this.#streams.find(({ spec }) => spec.name === stream);
    const index = found?.spec.pushes.findIndex((push) => push.url === url) ?? -1;
    return found?.pushPositions[index]?.line;
  }

  get path(): string {
    return this.#path;
  }

  /** As it is on disk, usable or not. */
  get text(): string {
    return this.#text;
  }

  /** What is to be said of `text`. */
  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  watch(): void {
    this.#timer = setInterval(() => void this.reload(), LOOK_AGAIN_MS).unref();
    try {
      // The folder, because editors put a new file in the place of the old one.
      this.#watcher = watch(dirname(this.#path), () => this.#settle()).unref();
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // The timer looks.
    }
  }

  close(): void {
    this.#watcher?.close();
    clearInterval(this.#timer);
    clearTimeout(this.#settling);
  }

  /** Reads the file again. Never rejects: a file that cannot be used is logged, and what held goes on. */
  async reload(): Promise<void> {
    const text = await readFile(this.#path, 'utf8').catch(() => undefined);
    if (text === undefined || text === this.#text) return;
    this.#text = text;
    const checked = checkText(this.#path, text);
    this.#diagnostics = checked.diagnostics;
    if (!checked.ok) {
      this.#log.error({ file: this.#path }, `config file refused, nothing is changed:\n${checked.report}`);
      return;
    }
    this.#streams = checked.streams;
    this.#log.info({ file: this.#path, streams: checked.streams.length }, 'config file read');
    this.#warn(checked.warnings);
    this.#onChange();
  }

  #settle(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => void this.reload(), SETTLE_MS).unref();
  }

  #warn(warnings: readonly string[]): void {
    for (const warning of warnings) this.#log.warn({ file: this.#path }, warning);
  }
}

interface CheckedText {
  readonly ok: true;
  readonly text: string;
  readonly streams: readonly ConfigStream[];
  readonly warnings: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}
interface RefusedText {
  readonly ok: false;
  readonly report: string;
  readonly diagnostics: readonly Diagnostic[];
}

function checkText(path: string, text: string): CheckedText | RefusedText {
  const { document, diagnostics } = checkConfig(text, { file: path });
  const show = (severity: Diagnostic['severity']) =>
    diagnostics.filter((one) => one.severity === severity).map((one) => formatDiagnostic(one, text));
  if (document === undefined) return { ok: false, report: show('error').join('\n'), diagnostics };
  return { ok: true, text, streams: document.streams, warnings: show('warning'), diagnostics };
}
