import Table from 'cli-table3';

type Row = readonly Table.Cell[];

/** No colours: standard output may be a file. */
const PLAIN = { head: [], border: [], compact: true };

/** A table under a line of headings. A column with a width wraps its words; one without is as wide as its contents. */
export function tableOf(
  head: readonly string[],
  rows: readonly Row[],
  widths: readonly (number | null)[] = [],
): string {
  return render({ head: [...head], style: PLAIN, colWidths: [...widths], wordWrap: true }, rows);
}

const NOTHING_AROUND = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', middle: '', right: '' },
};

/** Columns with nothing around them, for a list that is read line by line. */
export function columnsOf(rows: readonly Row[]): string {
  const text = render({ chars: NOTHING_AROUND, style: { ...PLAIN, 'padding-left': 0 } }, rows);
  return text.replaceAll(/ +$/gm, '');
}

function render(options: Table.TableConstructorOptions, rows: readonly Row[]): string {
  const table = new Table(options);
  for (const row of rows) table.push([...row]);
  return table.toString();
}
