/** `1 slot`, `2 slots`. `many`: a plural that is not formed with an s. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
