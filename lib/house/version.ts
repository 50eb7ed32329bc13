/** The tag of every stack that says which version of Headroom has deployed it. */
export const VERSION_TAG = 'headroom:version';
