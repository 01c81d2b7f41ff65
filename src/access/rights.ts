// The rights of 389's access rules. A set of rights is a number with one bit per right, so that a rule says in one
// operation whether it is about a right.

const BITS = {
  read: 1,
  write: 2,
  add: 4,
  delete: 8,
  search: 16,
  compare: 32,
  selfwrite: 64,
  proxy: 128,
  moddn: 256,
} as const;

export type Right = keyof typeof BITS;

/** Rights that are asked for the entry as a whole: targetattr does not matter for them (389: also a deny on one attribute
 *  with the right delete keeps the whole entry from being deleted). */
export type EntryRight = "add" | "delete" | "proxy" | "moddn";

/** Rights that are asked attribute by attribute. */
export type AttributeRight = Exclude<Right, EntryRight>;

export type RightSet = number & { readonly brand: "RightSet" };

const RIGHTS: ReadonlyMap<string, number> = new Map<string, number>([
  ...Object.entries(BITS),
  ["all", Object.values(BITS).reduce((all: number, bit) => all | bit, 0) & ~BITS.proxy],
]);

export const NO_RIGHTS = 0 as RightSet;

/** The set with the rights of this name added; `all` is everything but proxy. undefined: there is no such right. */
export function addRight(rights: RightSet, name: string): RightSet | undefined {
  const bits = RIGHTS.get(name.toLowerCase());
  return bits === undefined ? undefined : ((rights | bits) as RightSet);
}

export function hasRight(rights: RightSet, right: Right): boolean {
  return (rights & BITS[right]) !== 0;
}

export function isEntryRight(right: Right): right is EntryRight {
  return right === "add" || right === "delete" || right === "proxy" || right === "moddn";
}
