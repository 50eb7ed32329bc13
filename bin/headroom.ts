import { endOnUncaught } from '../local/records/unusable.ts';
import { letReaderLeave } from '../local/terminal/output.ts';
import { explain, runProgram } from './program.ts';

letReaderLeave();
endOnUncaught(explain);
await runProgram(process.argv.slice(2));
