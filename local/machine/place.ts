export const REGION = 'us-east-1';
/** The account that the local topic lives in. */
export const ACCOUNT = '000000000000';
/** Keys that open nothing. */
export const DUMMY_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const;
