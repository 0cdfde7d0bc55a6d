import { MASK, type PushSpec, redactHeaders, redactUrl, type StreamSpec } from '@pushfleet/config';
import { maskedHeader } from '../secrets/masked-header.ts';

/** The stream with every secret masked. */
export function maskedSpec(spec: StreamSpec): StreamSpec {
  return {
    ...spec,
    ...(spec.password !== undefined && { password: MASK }),
    ...(spec.inputs !== undefined && { inputs: spec.inputs.map(redactUrl) }),
    ...(spec.pushes !== undefined && { pushes: spec.pushes.map(maskedPush) }),
  };
}

/** The push with every secret masked. */
export const maskedPush = (push: PushSpec): PushSpec => ({
  ...push,
  url: redactUrl(push.url),
  ...(push.headers !== undefined && { headers: redactHeaders(push.headers) }),
});

/** The first place that was masked, in words; undefined when every secret is there. */
export function maskedPlace({ name, password = '', inputs = [], pushes = [] }: StreamSpec): string | undefined {
  if (password === MASK) return `the password of stream '${name}'`;
  const input = inputs.findIndex((url) => url.includes(MASK));
  if (input >= 0) return `input ${input + 1} of stream '${name}'`;
  const push = pushes.findIndex((spec) => spec.url.includes(MASK) || maskedHeader(spec) !== undefined);
  return push < 0 ? undefined : `push ${push + 1} of stream '${name}'`;
}
