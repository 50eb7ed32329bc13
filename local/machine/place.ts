export const REGION = 'us-east-1';
/** The account that the local topic lives in. */
export const ACCOUNT = '000000000000';
