/** What a function process gets on its command line, as JSON. Nothing secret: others can read command lines. */
export interface ChildSettings {
  /** Folder of the bundle. */
  readonly assetFolder: string;
  /** As in the template, `file.export`. */
  readonly handler: string;
  /** What the function may reach beside this machine's own addresses, each as `host:port`. */
  readonly reachable: readonly string[];
}

export interface InvokeMessage {
  readonly kind: 'invoke';
  readonly requestId: string;
  /** The event as JSON text. */
  readonly event: string;
  /** Epoch milliseconds. */
  readonly deadline: number;
}

/** What Lambda answers for an error. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

export type ChildMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'init-failed'; readonly error: FunctionError }
  /** `payload` is JSON text. */
  | { readonly kind: 'answered'; readonly requestId: string; readonly payload: string }
  | { readonly kind: 'threw'; readonly requestId: string; readonly error: FunctionError }
  | { readonly kind: 'refused'; readonly detail: string };
