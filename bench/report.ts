import { reportPage } from '../functions/core/pages/report-page.ts';
import { reportOn } from '../functions/core/report/report.ts';
import { aLargeRecord, ALARM_AT } from '../test/support/a-record.ts';
import { medianMs } from './median.ts';
import { printTable } from './table.ts';

/** Time to write the page of an incident. Promised: 300 ms and 500 KB at 5,000 sessions. */
export function benchReport(): void {
  const rows = [100, 1_000, 5_000, 16_000].map((sessions) => {
    const record = aLargeRecord(sessions);
    const page = () => reportPage(reportOn(record, ALARM_AT)).toString();
    return [String(sessions), medianMs(11, page).toFixed(1), (page().length / 1_000).toFixed(0)];
  });
  printTable('The page of a report', ['sessions', 'ms', 'KB'], rows);
}
