import { type MaskedSource, maskSource, printDocument, printPush, type StreamSpec } from '@pushfleet/config';
import type { ConfigState, DesiredPush, DesiredStream } from '@pushfleet/contract';
import type { DesiredCache } from '../push/desired-cache.ts';
import { specOf } from '../push/push-diff.ts';
import type { Change } from '../push/push-store.ts';
import type { ConfigFile } from './config-file.ts';
import { diffDocument } from './document-diff.ts';
import { maskedPush, maskedSpec } from './masked-spec.ts';

type Difference = ConfigState['differences'][number];

/** The config file beside what runs. `running`: what runs, as the file would say it. */
export function configState(
  file: ConfigFile | undefined,
  cache: DesiredCache,
  running: () => readonly StreamSpec[],
): ConfigState {
  const { revision } = cache;
  if (file === undefined) {
    const text = printDocument(running().map(maskedSpec));
    return { source: 'api', file: null, revision, text, diagnostics: [], in_sync: true, differences: [] };
  }
  const { text, diagnostics } = shown(file);
  const hasErrors = diagnostics.some(({ severity }) => severity === 'error');
  const differences = differencesOf(file.specs, cache);
  const in_sync = !hasErrors && differences.length === 0;
  return { source: 'file', file: file.path, revision, text, diagnostics, in_sync, differences };
}

/** What applying the file's last text without errors would change. */
function differencesOf(specs: readonly StreamSpec[], cache: DesiredCache): Difference[] {
  const { streams, pushes } = diffDocument(specs, cache, new Date().toISOString());
  return [
    ...streams.map((change) =>
      difference(change, cache.streams.get(change.value.name), (stream) => ({
        object: 'stream',
        stream: stream.name,
        push: null,
        text: printDocument([maskedSpec({ name: stream.name, ...stream.spec })]).trim(),
      })),
    ),
    ...pushes.map((change) =>
      difference(change, cache.pushes.get(change.value.id), (push) => ({
        object: 'push',
        stream: push.stream,
        push: push.id,
        text: printPush(maskedPush(specOf(push))),
      })),
    ),
  ];
}

function difference<T extends DesiredPush | DesiredStream>(
  { value }: Change<T>,
  known: T | undefined,
  show: (object: T) => Pick<Difference, 'object' | 'stream' | 'push'> & { text: string },
): Difference {
  const before = known === undefined || known.removed ? undefined : show(known);
  const { text, ...after } = show(value);
  const change = value.removed ? 'removed' : before === undefined ? 'added' : 'changed';
  return { change, ...after, running: before?.text ?? null, file: value.removed ? null : text };
}

// Masking looks at every line, and the text of a big fleet has many.
const masked = new WeakMap<ConfigFile, { readonly source: string; readonly shown: MaskedSource }>();

function shown(file: ConfigFile): MaskedSource {
  const known = masked.get(file);
  if (known?.source === file.text) return known.shown;
  const fresh = maskSource(file.text, file.diagnostics);
  masked.set(file, { source: file.text, shown: fresh });
  return fresh;
}
