/** What a field for numbers gives, '' while it is empty. */
export const numberOf = (value: string | number): number | '' => (value === '' ? '' : Number(value));
