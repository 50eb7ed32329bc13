import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';

// The small build of zod has no messages of its own. English is imported by its own path: `z.locales` would add every
// language, 260 KB in each bundle.
z.config(en());
