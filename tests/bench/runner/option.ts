/** An option of a benchmark: `--name VALUE` on the command line. */
export interface Option<T> {
  readonly doc: string;
  /** What it is when nobody gives it; shown by --help. */
  readonly fallback: T;
  /** What a value may be, for --help and for the refusal of another one. */
  readonly values: string;
  /** Undefined when the text is no such value. */
  parse(text: string): T | undefined;
}

export type Options = Readonly<Record<string, Option<unknown>>>;

/** The values of a table of options. */
export type Values<O extends Options> = { readonly [Name in keyof O]: O[Name] extends Option<infer T> ? T : never };

/** A wrong command line; its message says what is right. */
export class UsageError extends Error {
  override name = 'UsageError';
}

export function integer(fallback: number, doc: string, least = 1): Option<number> {
  return { doc, fallback, values: `a whole number from ${least} on`, parse: (text) => parseInteger(text, least) };
}

/** `100,500,1000` */
export function integers(fallback: readonly number[], doc: string, least = 1): Option<readonly number[]> {
  const parse = (text: string) => {
    const numbers = text.split(',').map((part) => parseInteger(part, least));
    return numbers.every((number) => number !== undefined) ? numbers : undefined;
  };
  return { doc, fallback, values: `whole numbers from ${least} on, with commas between them`, parse };
}

export function oneOf<const T extends string>(choices: readonly T[], fallback: T, doc: string): Option<T> {
  const parse = (text: string) => choices.find((choice) => choice === text);
  return { doc, fallback, values: `one of ${choices.join(', ')}`, parse };
}

/** Some of the choices, `a,b`, in the order in which they are given. */
export function someOf<const T extends string>(
  choices: readonly T[],
  fallback: readonly T[],
  doc: string,
): Option<readonly T[]> {
  const parse = (text: string) => {
    const chosen = text.split(',').map((part) => choices.find((choice) => choice === part));
    return chosen.every((choice) => choice !== undefined) ? chosen : undefined;
  };
  return { doc, fallback, values: `some of ${choices.join(', ')}, with commas between them`, parse };
}

/** `50x10,200x5` */
export function pairs(fallback: readonly (readonly [number, number])[], doc: string): Option<typeof fallback> {
  const parse = (text: string) => {
    const found = text.split(',').map((part) => part.split('x').map((number) => parseInteger(number, 1)));
    const isPair = (numbers: (number | undefined)[]): numbers is [number, number] =>
      numbers.length === 2 && numbers.every((number) => number !== undefined);
    return found.every(isPair) ? found : undefined;
  };
  return { doc, fallback, values: 'pairs of whole numbers such as 50x10, with commas between them', parse };
}

export function text(doc: string): Option<string | undefined> {
  return { doc, fallback: undefined, values: 'any text', parse: (given) => given };
}

/** Reads what was given for each option; a wrong value is refused with the name, the value and what it may be. */
export function readOptions<O extends Options>(
  options: O,
  given: Readonly<Record<string, string | undefined>>,
): Values<O> {
  const entries = Object.entries(options).map(([name, option]) => {
    const value = given[name];
    if (value === undefined) return [name, option.fallback];
    const parsed = option.parse(value);
    if (parsed === undefined)
      throw new UsageError(`--${name} is ${JSON.stringify(value)}; it must be ${option.values}.`);
    return [name, parsed];
  });
  return Object.fromEntries(entries) as Values<O>;
}

function parseInteger(text: string, least: number): number | undefined {
  const number = Number(text);
  return /^\d+$/.test(text) && number >= least ? number : undefined;
}
