import type { PushDetail } from '@pushfleet/contract';
import { CopyText } from '../copy/copy-text.tsx';
import { asCli, asConfigLine, asCurl } from '../copy/push-text.ts';
import styles from './push-drawer.module.css';

const sources: Readonly<Record<string, string>> = {
  file: 'config file',
  api: 'API',
  intake: 'intake queue',
  default: 'default',
  override: 'paused or resumed',
};

/** The options as they hold, each with where it comes from, and the push as text to take along. */
export function EffectiveConfig({ push }: { readonly push: PushDetail }) {
  const { place, options, line } = push.config;
  return (
    <>
      <p>
        {place === null
          ? `Made by the ${sources[push.origin]}.`
          : `Line ${place.line} of ${place.file}. Here it can be paused and resumed; anything else is changed in the file.`}
      </p>
      <table className={styles.options}>
        <thead>
          <tr>
            <th>Option</th>
            <th>Value</th>
            <th>From</th>
          </tr>
        </thead>
        <tbody>
          {options.map(({ name, value, source }) => (
            <tr key={name} data-default={source === 'default' || undefined}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>
                <code>{value}</code>
              </td>
              <td>{sources[source]}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <section className={styles.section}>
        <h3>Take it along</h3>
        <p>The key is masked: put it in again where *** stands.</p>
        <CopyText label="Config line" text={line || asConfigLine(push)} />
        <CopyText label="CLI" text={asCli(push)} />
        <CopyText label="curl" text={asCurl(push, window.location.origin)} />
      </section>
    </>
  );
}
