import { defaultPushOptions, MASK, optionText, printPush } from '@pushfleet/config';
import type { DesiredPush, PushDetail } from '@pushfleet/contract';
import { maskedPush } from '../config-file/masked-spec.ts';
import { specOf } from './push-diff.ts';

type Option = PushDetail['config']['options'][number];

/** The push as config text, and each option with where it comes from; every secret is masked. `place`: in the config file. */
export function pushConfig(push: DesiredPush, place: PushDetail['config']['place']): PushDetail['config'] {
  return { line: printPush(maskedPush(specOf(push))), place, options: effectiveOptions(push) };
}

function effectiveOptions({ options, origin, override }: DesiredPush): Option[] {
  const list: Option[] = [];
  for (const [name, fallback] of Object.entries(defaultPushOptions)) {
    const given = options[name as keyof typeof options];
    const source = given === undefined ? 'default' : origin;
    if (name === 'labels' || name === 'headers') {
      const prefix = name === 'labels' ? 'labels.' : 'header.';
      for (const [key, value] of Object.entries(given ?? {}))
        list.push({ name: prefix + key, value: name === 'headers' ? MASK : String(value), source });
    } else if (name === 'disabled' && override !== null) {
      list.push({ name, value: String(override.disabled), source: 'override' });
    } else {
      const value = (given === undefined ? fallback : given) as string | number | boolean | null;
      list.push({ name, value: optionText(name, value), source });
    }
  }
  return list;
}
