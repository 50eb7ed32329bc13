import { runOnNode24 } from './node24.js';

await runOnNode24(new URL('./app.ts', import.meta.url));
