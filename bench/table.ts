import { tableOf } from '../local/terminal/table.ts';

export function printTable(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  console.log(`\n${title}\n${tableOf(head, rows)}`);
}
