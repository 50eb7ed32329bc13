import { fromEnv } from '@aws-sdk/credential-provider-env';

// Bundles have this in the place of the SDK's chain of credential providers: Lambda gives a function its credentials by
// the environment. The chain's other links (profiles, single sign-on, instance metadata) are a fifth of a bundle.

/** As `@aws-sdk/credential-provider-node` exports it. */
export const defaultProvider = fromEnv;

/** As `@aws-sdk/credential-providers` exports it. */
export const fromNodeProviderChain = fromEnv;
