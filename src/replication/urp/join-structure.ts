// Taking over what another replica knows of the place of one entry (repair): the operations on it that are still in the other's
// log are replayed here at their CSNs, so that any order of delivery gives one tree. What the other has logged no more (purged,
// or it came by an initialization) is read off its node:
//
//   unknown here                     an add at the naming CSN, with a delete if it is dead; below our log if our purge CSN has
//                                    passed them, or if the entry has no CSNs
//   named later there                a rename at the naming CSN
//   dead there since its last name   a delete at the CSN of its death
//
// Nothing else is guessed. What was purged here does not come back: of an entry that is unknown here and has nothing above our
// purge CSN nothing is taken, because its delete may be what we have forgotten.
import type { UniqueId } from "../change/index.ts";
import { CSN_ZERO, type Csn, maxCsn } from "../csn/index.ts";
import type { RenameEffect } from "../registers/index.ts";
import { type StructureRules, rdnKey, readRdn } from "./names.ts";
import type { StructureNode } from "./node.ts";
import type { StructuralOperation } from "./operation.ts";
import { type StructureReplay, applyStructuralBatch, applyToBase } from "./replay.ts";
import type { StructureStore } from "./store.ts";

/** What another replica knows of an entry. */
export interface OtherStructure {
  readonly uniqueId: UniqueId;
  /** By its plain name. */
  readonly dn: string;
  readonly node: StructureNode | undefined;
  /** On this entry, as far as its log goes back. */
  readonly operations: readonly StructuralOperation[];
  /** Of its registers. */
  readonly largestCsn: Csn | undefined;
}

/** Why the places of the entry may go on differing: it may have been deleted here and purged; its delete there lies before what
 *  we have purged or before its last name here; names of one CSN. */
export type StructureObstacle = "purged" | "oldDelete" | "oldName" | "sameCsn";

export interface StructureJoin {
  /** Derive these anew. */
  readonly reshown: ReadonlySet<UniqueId>;
  readonly obstacle: StructureObstacle | undefined;
  /** To be joined into the stored registers: effects of renames that have become part of the base. */
  readonly effects: readonly RenameEffect[];
}

const NOTHING: StructureJoin = { reshown: new Set(), obstacle: undefined, effects: [] };

/** Sets nodes, names and log like `applyStructural`. Doing it again changes nothing. */
export function joinStructure(
  replay: StructureReplay,
  store: StructureStore,
  rules: StructureRules,
  theirs: OtherStructure,
): StructureJoin {
  if (theirs.uniqueId === rules.suffixUniqueId) return NOTHING;
  if (isKnown(store.getNode(theirs.uniqueId))) return joinKnown(replay, store, rules, theirs);
  return joinUnknown(replay, store, rules, theirs);
}

const isKnown = (node: StructureNode | undefined): node is StructureNode =>
  node !== undefined && node.life !== "placeholder";

const isPurged = (csn: Csn, { purgeCsn }: StructureRules): boolean =>
  purgeCsn !== undefined && csn <= purgeCsn;

function joinUnknown(
  replay: StructureReplay,
  store: StructureStore,
  rules: StructureRules,
  theirs: OtherStructure,
): StructureJoin {
  const { node, operations } = theirs;
  if (operations.some(({ kind, csn }) => kind === "add" && !isPurged(csn, rules))) {
    const { reshown } = applyStructuralBatch(replay, store, rules, operations);
    return { reshown: new Set(reshown), obstacle: undefined, effects: [] };
  }
  if (!isKnown(node)) return NOTHING;
  const newest = maxCsn(maxCsn(node.naming, node.death), theirs.largestCsn) ?? CSN_ZERO;
  if (isPurged(newest, rules)) return { ...NOTHING, obstacle: "purged" };
  const made = operationsOf(theirs, node);
  const isBase = ({ csn }: StructuralOperation): boolean =>
    csn === CSN_ZERO || isPurged(csn, rules);
  const below = applyToBase(replay, store, rules, made.filter(isBase));
  const logged = made.filter((operation) => !isBase(operation));
  const above = applyStructuralBatch(replay, store, rules, logged);
  return {
    reshown: new Set([...below.reshown, ...above.reshown]),
    obstacle: undefined,
    effects: node.effects,
  };
}

/** What leads to a node from nothing. */
function operationsOf(
  { uniqueId, dn }: OtherStructure,
  { naming: csn, parent, death }: StructureNode,
): readonly StructuralOperation[] {
  const add = { kind: "add", csn, uniqueId, dn, parent } as const;
  return death === undefined || death <= csn
    ? [add]
    : [add, { kind: "delete", csn: death, uniqueId, dn }];
}

function joinKnown(
  replay: StructureReplay,
  store: StructureStore,
  rules: StructureRules,
  theirs: OtherStructure,
): StructureJoin {
  const { reshown } = applyStructuralBatch(replay, store, rules, theirs.operations);
  const node = store.getNode(theirs.uniqueId);
  const gap = isKnown(node) && isKnown(theirs.node) ? findGap(rules, node, theirs) : undefined;
  if (typeof gap !== "object") return { reshown: new Set(reshown), obstacle: gap, effects: [] };
  const more = applyStructuralBatch(replay, store, rules, [gap]);
  return { reshown: new Set([...reshown, ...more.reshown]), obstacle: undefined, effects: [] };
}

/** What their node has above ours: the operation that makes up for it, or why there is none. */
function findGap(
  rules: StructureRules,
  ours: StructureNode,
  { uniqueId, dn, node: theirs }: OtherStructure,
): StructuralOperation | StructureObstacle | undefined {
  if (theirs === undefined || ours.life === "dead") return undefined;
  if (theirs.life === "dead") {
    const csn = theirs.death ?? CSN_ZERO;
    const isOld = isPurged(csn, rules) || csn <= ours.naming;
    return isOld ? "oldDelete" : { kind: "delete", csn, uniqueId, dn };
  }
  const { parent, rdn, naming: csn } = theirs;
  if (csn > ours.naming) {
    if (isPurged(csn, rules)) return "oldName";
    return {
      kind: "modrdn",
      csn,
      uniqueId,
      dn,
      newRdn: rdn,
      deleteOldRdn: false,
      newSuperior: undefined,
      newSuperiorUniqueId: parent,
    };
  }
  const key = (node: StructureNode): string => rdnKey(rules, readRdn(node.rdn));
  const isElsewhere = parent !== ours.parent || key(theirs) !== key(ours);
  return csn === ours.naming && isElsewhere ? "sameCsn" : undefined;
}
