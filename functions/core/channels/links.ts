import type { Links } from '../messages/message.ts';

/** What the links of a notice are called, wherever they are shown, in this order. */
const LINK_TITLES = {
  approval: 'Decide',
  report: 'Report',
  console: 'Workflow',
  dashboard: 'Dashboard',
  runbook: 'Runbook',
} as const satisfies Record<keyof Links, string>;

type LinkName = keyof typeof LINK_TITLES;

export const LINK_NAMES = Object.keys(LINK_TITLES) as LinkName[];

interface NamedLink {
  readonly name: LinkName;
  readonly title: string;
  readonly url: string;
}

/** The links that a notice has. */
export function linksOf({ links }: { readonly links: Links }): readonly NamedLink[] {
  return LINK_NAMES.flatMap((name) => {
    const url = links[name];
    return url === undefined ? [] : [{ name, title: LINK_TITLES[name], url }];
  });
}
