import type { Engine } from './shared/engine.ts';
import type { UrlScheme } from './shared/doors/login-url.ts';

/** What is known of an engine before its code is loaded. */
export interface EngineEntry {
  readonly url: UrlScheme;
  /** Loads the engine and its driver, and no other. */
  readonly load: () => Promise<Engine>;
}
