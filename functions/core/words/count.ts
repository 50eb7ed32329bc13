/** `1 slot`, `2 slots`; `many` where the plural takes more than an s. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
