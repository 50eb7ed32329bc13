import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';

// The small build of zod has no words of its own. English comes by its own path: through `z.locales` every language would come
// along, 260 KB in each bundle.
z.config(en());
