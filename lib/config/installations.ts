import type { Finding, Path } from './problems.ts';
import { isRecord, valueAt } from '../../functions/core/words/records.ts';

/** An installation as it is written, in the form of a file that has one. */
export interface WrittenInstallation {
  /** What the file calls it; null in a file that has one installation and no name for it. */
  readonly name: string | null;
  /** With `installation`, `notify` …, `defaults` and `targets`. */
  readonly content: Readonly<Record<string, unknown>>;
  /** Where the file may say what is at a path of `content`, the nearest first. */
  readonly placesOf: (path: Path) => readonly Path[];
}

/** Fields of an entry of `installations` that stand under `installation` in a file with one. */
const PLACE_KEYS = ['account', 'region', 'prefix', 'profile', 'dashboard'] as const;
/** What all installations share unless one says otherwise. */
const SHARED_KEYS = ['notify', 'events', 'encryption', 'reports', 'defaults'] as const;
const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const LONGEST_NAME = 40;
const ONLY_IN_AN_ENTRY = 'stands within an entry of installations where a file has several';

/**
 * The installations of a file, each with what it shares with the others merged in, and what is wrong with the list
 * itself. A file without `installations` is one installation.
 */
export function splitInstallations(file: unknown): {
  readonly installations: readonly WrittenInstallation[];
  readonly findings: readonly Finding[];
} {
  if (!isRecord(file) || !('installations' in file)) {
    return {
      installations: [{ name: null, content: isRecord(file) ? file : {}, placesOf: placesInOne }],
      findings: [],
    };
  }
  const { installations: entries, installation = {}, ...top } = file;
  if (!Array.isArray(entries) || entries.length === 0) {
    const message = 'expected a list of installations: name, account, region and targets of each';
    return { installations: [], findings: [{ path: ['installations'], value: entries, message }] };
  }
  return {
    installations: entries.map((entry: unknown, index) => writtenAt(index, entry, { ...top, installation })),
    findings: [...findForeign(top), ...entries.flatMap(checkName), ...findSameNames(entries)],
  };
}

/** `shared`: the file without its list. */
function writtenAt(index: number, entry: unknown, shared: Readonly<Record<string, unknown>>): WrittenInstallation {
  const { name, ...own } = isRecord(entry) ? entry : {};
  const isPlace = (key: string): boolean => PLACE_KEYS.some((known) => known === key);
  const place = Object.fromEntries(Object.entries(own).filter(([key]) => isPlace(key)));
  const rest = Object.fromEntries(Object.entries(own).filter(([key]) => !isPlace(key)));
  const merged = SHARED_KEYS.map((key) => [key, mergeUnder(shared[key], rest[key])] as const);
  return {
    name: typeof name === 'string' ? name : `#${index + 1}`,
    content: {
      ...rest,
      installation: mergeUnder(shared['installation'], place),
      ...Object.fromEntries(merged.filter(([, value]) => value !== undefined)),
    },
    placesOf: ([root, ...inner]) => {
      const home: Path = ['installations', index];
      if (root === undefined) return [home];
      if (root === 'installation')
        return [
          [...home, ...inner],
          [root, ...inner],
        ];
      const [position, ...field] = inner;
      const inherited = root === 'targets' && position !== undefined ? [['defaults', ...field]] : [];
      return [[root, ...inner], ...inherited].flatMap((path) =>
        path[0] === 'targets' ? [[...home, ...path]] : [[...home, ...path], path],
      );
    },
  };
}

function placesInOne(path: Path): readonly Path[] {
  const [root, index, ...rest] = path;
  return root === 'targets' && index !== undefined ? [path, ['defaults', ...rest]] : [path];
}

/** `policy` and the like belong under `defaults`, as in every file. */
function findForeign(top: Readonly<Record<string, unknown>>): Finding[] {
  return Object.keys(top)
    .filter((key) => !SHARED_KEYS.some((known) => known === key))
    .map((key) => ({
      path: [key],
      value: undefined,
      message:
        key === 'targets'
          ? ONLY_IN_AN_ENTRY
          : `unknown key; known beside installations: installation, ${SHARED_KEYS.join(', ')}`,
    }));
}

function checkName(entry: unknown, index: number): Finding[] {
  const name = isRecord(entry) ? entry['name'] : undefined;
  if (typeof name === 'string' && NAME.test(name) && name.length <= LONGEST_NAME) return [];
  const message = `${name === undefined ? 'is missing; ' : ''}use lower-case letters, digits and single dashes, ${LONGEST_NAME} at most: commands name the installation by it`;
  return [{ path: ['installations', index, 'name'], value: name, message }];
}

function findSameNames(entries: readonly unknown[]): Finding[] {
  const names = entries.map((entry) => (isRecord(entry) ? entry['name'] : undefined));
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    if (name === undefined || first === index) return [];
    const message = `is also the name of installations[${first}]; each needs its own`;
    return [{ path: ['installations', index, 'name'], value: name, message }];
  });
}

interface PlacedThing {
  readonly path: Path;
  /** What must not be the same in two installations, or not in different places. */
  readonly value: unknown;
  readonly place: string;
}

/**
 * What is wrong between installations: two with the same names in one account and region, two that look after the same
 * server, and a network that would be in two regions.
 */
export function checkBetween(installations: readonly WrittenInstallation[]): Finding[] {
  const [, ...others] = installations;
  if (others.length === 0) return [];
  return [
    ...findCollisions(installations),
    ...findSecond(
      installations.flatMap((one) => thingsOf(one, ['instance'], true)),
      'is also looked after by',
      'two would act on one server',
    ),
    ...findSecond(
      installations.flatMap((one) => thingsOf(one, ['resourceId'])),
      'is also looked after by',
      'two would act on one server',
    ),
    ...findElsewhere(installations.flatMap((one) => thingsOf(one, ['network', 'vpcId']))),
  ];
}

function placeOfInstallation({ content }: WrittenInstallation): string {
  return `account ${textAt(content, 'account', '?')}, region ${textAt(content, 'region', '?')}`;
}

function textAt(content: WrittenInstallation['content'], key: string, absent: string): string {
  const value = valueAt(content, ['installation', key]);
  return typeof value === 'string' ? value : absent;
}

function findCollisions(installations: readonly WrittenInstallation[]): Finding[] {
  const seen = new Map<string, string>();
  return installations.flatMap((one) => {
    const prefix = textAt(one.content, 'prefix', 'headroom');
    const key = `prefix ${prefix}, ${placeOfInstallation(one)}`;
    const earlier = seen.get(key);
    seen.set(key, earlier ?? one.name ?? '');
    if (earlier === undefined) return [];
    const message = `installation "${earlier}" has the same prefix in the same account and region; give one another prefix`;
    return [{ path: firstPlace(one, ['installation', 'prefix']), value: prefix, message }];
  });
}

/** A field of every target, merged as it counts. `perPlace`: the same value elsewhere is another thing. */
function thingsOf(one: WrittenInstallation, field: Path, perPlace = false): (PlacedThing & { readonly of: string })[] {
  const targets = one.content['targets'];
  if (!Array.isArray(targets)) return [];
  const place = placeOfInstallation(one);
  return targets.flatMap((target: unknown, index) => {
    const value = valueAt(mergeUnder(one.content['defaults'], target), field);
    if (typeof value !== 'string') return [];
    const path = firstPlace(one, ['targets', index, ...field]);
    return [{ path, value: perPlace ? `${value.toLowerCase()} ${place}` : value, place, of: one.name ?? '' }];
  });
}

function findSecond(things: readonly (PlacedThing & { readonly of: string })[], is: string, why: string): Finding[] {
  return things.flatMap(({ path, value, of }, index) => {
    const first = things.find((other) => other.value === value);
    if (first === undefined || things.indexOf(first) === index || first.of === of) return [];
    return [{ path, value: String(value).split(' ')[0], message: `${is} installation "${first.of}": ${why}` }];
  });
}

function findElsewhere(things: readonly (PlacedThing & { readonly of: string })[]): Finding[] {
  return things.flatMap(({ path, value, place }) => {
    const first = things.find((other) => other.value === value);
    if (first === undefined || first.place === place) return [];
    const message = `is the VPC of installation "${first.of}" in ${first.place}; a VPC is in one region of one account`;
    return [{ path, value, message }];
  });
}

function firstPlace({ placesOf }: WrittenInstallation, path: Path): Path {
  return placesOf(path)[0] ?? path;
}

/** Objects merge key by key, everything else is replaced. A login of another mode inherits nothing. */
export function mergeUnder(base: unknown, own: unknown): unknown {
  if (own === undefined) return base;
  if (!isRecord(base) || !isRecord(own)) return own;
  if (own['mode'] !== undefined && base['mode'] !== undefined && isLogin(base) && own['mode'] !== base['mode'])
    return own;
  const keys = new Set([...Object.keys(base), ...Object.keys(own)]);
  return Object.fromEntries([...keys].map((key) => [key, mergeUnder(base[key], own[key])]));
}

function isLogin(value: Readonly<Record<string, unknown>>): boolean {
  return ['iam', 'secret', 'url'].includes(String(value['mode']));
}
