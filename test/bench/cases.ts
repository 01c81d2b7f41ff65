// The loads of a comparison, by the names that reports and `--only` use. Those that find the number of entries come before those
// that change it; deletions take back the additions before them.
import type { Load } from "./load-generator.ts";
import { SLOW_SCHEMES, type SlowScheme } from "./people.ts";

export interface Case {
  readonly name: string;
  readonly load: Omit<Load, "first" | "range" | "amount" | "base" | "name">;
  /** Instead of the seconds of a round, for operations that take long. */
  readonly operations?: number;
  /** As a user whom access rules concern, not as the root DN. */
  readonly asUser?: boolean;
  /** Binds of accounts with such passwords, not of people. */
  readonly scheme?: SlowScheme;
}

const connectionsText = (count: number): string => `${count} connection${count === 1 ? "" : "s"}`;

const reading = (
  name: string,
  operation: Load["operation"],
  [connections, depth]: readonly [number, number],
): Case => ({
  name: `${name}, ${connectionsText(connections)}, depth ${depth}`,
  load: { operation, connections, depth },
});

const changing = (operation: Load["operation"], connections: number, depth = 1): Case => ({
  name: `${operation}, ${connectionsText(connections)}${depth > 1 ? `, depth ${depth}` : ""}`,
  load: { operation, connections, depth },
});

export interface GroupSizes {
  /** Of the group that members are added to. */
  readonly groupMembers: number;
  /** Members that are added in a round. */
  readonly memberOperations: number;
}

export const casesWith = ({ groupMembers, memberOperations }: GroupSizes): readonly Case[] => [
  reading("search uid", "search", [8, 1]),
  reading("search uid", "search", [8, 16]),
  { ...reading("search uid as a user", "search", [8, 1]), asUser: true },
  { ...reading("search uid as a user", "search", [8, 16]), asUser: true },
  reading("base search", "read", [8, 16]),
  reading("compare", "compare", [8, 16]),
  reading("bind", "bind", [8, 1]),
  ...SLOW_SCHEMES.map((scheme) => ({ ...reading(`bind ${scheme}`, "bind", [8, 1]), scheme })),
  reading("initial substring", "initial", [8, 16]),
  reading("any substring", "any", [8, 16]),
  reading("search with one entry in 997", "list", [8, 1]),
  { ...reading("whole subtree", "tree", [1, 1]), operations: 3 },
  { ...reading("unindexed scan", "scan", [1, 1]), operations: 5 },
  changing("modify", 1),
  changing("modify", 8),
  changing("modify", 64),
  changing("modify", 8, 16),
  reading("nine searches to one modify", "mixed", [8, 16]),
  {
    name: `member added to a group of ${groupMembers}, 8 connections`,
    load: { operation: "member", connections: 8, depth: 1 },
    operations: memberOperations,
  },
  changing("add", 8),
  changing("delete", 8),
  changing("add", 64),
  changing("delete", 64),
];

const WRITING: ReadonlySet<Load["operation"]> = new Set([
  "modify",
  "mixed",
  "member",
  "add",
  "delete",
]);

export const isWriting = ({ load }: Case): boolean => WRITING.has(load.operation);

/** Those whose name contains `only`. What is added is deleted: one does not go without the other. */
export function chooseCases(sizes: GroupSizes, only: string): readonly Case[] {
  const all = casesWith(sizes);
  const named = all.filter(({ name }) => name.includes(only));
  const grown = named.filter(isGrowth).map(({ load }) => load.connections);
  return all.filter(
    (one) => named.includes(one) || (isGrowth(one) && grown.includes(one.load.connections)),
  );
}

export const isGrowth = ({ load: { operation } }: Case): boolean =>
  operation === "add" || operation === "delete";
