// Building blocks of the wire schemas: zod types whose messages name the field, the range and, where it is no secret, the value.
import { z } from 'zod';
import { didYouMean } from './nearest.ts';
import { redactText } from './redact.ts';
import type { UrlProblem } from './schemes.ts';

/** A number of seconds, fractions allowed. */
export function secondsField(name: string, min: number, max: number) {
  const error = mustBe(name, `a number of seconds from ${min} to ${max}`);
  return z.number({ error }).min(min, { error }).max(max, { error });
}

export function integerField(name: string, min: number, max: number, or = '') {
  const error = mustBe(name, `a whole number from ${min} to ${max}${or}`);
  return z.int({ error }).min(min, { error }).max(max, { error });
}

export function booleanField(name: string) {
  return z.boolean({ error: mustBe(name, 'true or false') });
}

export function textField(name: string, maxLength: number) {
  const error = mustBe(name, `text of at most ${maxLength} characters`);
  return z.string({ error }).max(maxLength, { error });
}

export function patternField(name: string, pattern: RegExp, expectation: string) {
  const error = mustBe(name, expectation);
  return z.string({ error }).regex(pattern, { error });
}

/** One of these values and nothing else. */
export function choiceField<const Value extends string | number>(name: string, values: readonly Value[]) {
  const last = values.at(-1);
  const others = values.slice(0, -1).join(', ');
  return z.literal(values, { error: mustBe(name, others === '' ? `${last}` : `${others} or ${last}`) });
}

/** Names and texts of the caller's own choice. `value` is the schema of the texts. */
export function labelsField<Value extends z.ZodType>(value: Value, maxLabels: number) {
  // Not with `_` in front: JavaScript gives `__proto__` a meaning of its own.
  const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/);
  return z
    .record(name, value, {
      error: ({ code }) =>
        code === 'invalid_key'
          ? 'labels must have names of 1 to 64 letters, digits, ".", "-" or "_", with a letter or digit in front'
          : 'labels must be an object of texts',
    })
    .refine((labels) => Object.keys(labels).length <= maxLabels, { error: `labels must be at most ${maxLabels}` });
}

/** A secret: the message never shows the value. */
export function passwordField(name: string, maxLength: number) {
  const error = secretMustBe(name, `text of 1 to ${maxLength} characters`);
  return z.string({ error }).min(1, { error }).max(maxLength, { error });
}

/** URLs hold secrets: the message never shows the value. */
export function urlField(name: string, problemOf: (url: string) => UrlProblem | undefined) {
  return z.string({ error: secretMustBe(name, 'a URL') }).superRefine((url, context) => {
    const problem = problemOf(url);
    if (problem === undefined) return;
    const message = problem.hint === undefined ? problem.message : `${problem.message}; ${problem.hint}`;
    context.addIssue({ code: 'custom', message: `${name}: ${message}`, params: { code: problem.code } });
  });
}

/** An object without other members than those of `shape`. An unknown one is refused with the nearest known name. */
export function strictObject<Shape extends z.ZodRawShape>(what: string, shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return `${what} must be an object`;
      return (issue.keys as string[])
        .map((key) => [`${what} has no field ${show(key)}`, didYouMean(key, Object.keys(shape))])
        .map(([message, hint]) => (hint === undefined ? message : `${message}; ${hint}`))
        .join('; ');
    },
  });
}

/** The same fields, each of which may be absent. */
export function optionalFields<Shape extends z.ZodRawShape>(shape: Shape) {
  const entries = Object.entries(shape).map(([name, field]) => [name, z.optional(field)]);
  return Object.fromEntries(entries) as { [Name in keyof Shape]: z.ZodOptional<Shape[Name]> };
}

/** The same fields, each of which may be absent or null. */
export function nullishFields<Shape extends z.ZodRawShape>(shape: Shape) {
  const entries = Object.entries(shape).map(([name, field]) => [name, z.nullish(field)]);
  return Object.fromEntries(entries) as { [Name in keyof Shape]: z.ZodOptional<z.ZodNullable<Shape[Name]>> };
}

const mustBe =
  (name: string, expectation: string) =>
  ({ input }: { input?: unknown }): string =>
    input === undefined ? `${name} is missing` : `${name} must be ${expectation}, not ${show(input)}`;

const secretMustBe =
  (name: string, expectation: string) =>
  ({ input }: { input?: unknown }): string =>
    input === undefined ? `${name} is missing` : `${name} must be ${expectation}`;

/** A value for a message: short, on one line, without secrets of URLs, and never the inside of an object. */
function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value !== 'string') return String(value);
  const text = redactText(value);
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
