// Where an entry of a bulk load goes: its leaf RDN and its parent. Siblings mostly come one after the other, so the parent is
// remembered by the text of its DN and only the leaf is parsed.
import { type Rdn, parseDn, parseRdn } from "../dn/index.ts";
import { type EntryId, RecordFlag, recordFlags, recordUniqueId } from "../entry/index.ts";
import type { UniqueId } from "../replication/change/index.ts";
import { firstComma } from "./leaf-rdn.ts";
import type { BulkTarget } from "./bulk-target.ts";

/** Parents remembered by the text of their DN. */
const PARENTS_MAX = 10_000;

export interface BulkParent {
  readonly id: EntryId;
  readonly uniqueId: UniqueId;
  /** Live and without conflict: children simply go below it. */
  readonly isPlain: boolean;
}

export interface BulkPlace {
  readonly rdn: Rdn;
  readonly normalRdn: string;
  /** undefined: the entry is that of the suffix. */
  readonly parent: BulkParent | undefined;
}

export class BulkNames {
  readonly #target: BulkTarget;
  readonly #parents = new Map<string, BulkParent>();

  constructor(target: BulkTarget) {
    this.#target = target;
  }

  /** The place of a DN; "outside" the suffix, or "orphan" when its parent is not there.
   *  @throws DnSyntaxError */
  find(dn: string): BulkPlace | "outside" | "orphan" {
    const { schema } = this.#target.descriptions;
    const end = firstComma(dn);
    const parentDn = dn.slice(end + 1).trimStart();
    const known = this.#parents.get(parentDn);
    const parent = known ?? this.#findParent(parentDn);
    if (typeof parent === "object") {
      const rdn = parseRdn(dn.slice(0, end).trimEnd());
      return { rdn, normalRdn: schema.normalizeRdn(rdn), parent };
    }
    const normalDn = schema.normalizeDnText(dn);
    if (normalDn !== this.#target.suffix) return parent;
    return { rdn: parseDn(dn)[0] ?? [], normalRdn: normalDn, parent: undefined };
  }

  /** After structural work: what a DN means may have changed. */
  forget(): void {
    this.#parents.clear();
  }

  #findParent(text: string): BulkParent | "outside" | "orphan" {
    const { reader, tables, suffix, descriptions } = this.#target;
    const normalDn = descriptions.schema.normalizeDnText(text);
    if (normalDn !== suffix && !normalDn.endsWith(`,${suffix}`)) return "outside";
    const id = reader.idOfDn(normalDn);
    const record = id === undefined ? undefined : tables.entry.getCopy(id);
    if (id === undefined || record === undefined) return "orphan";
    const unplain = RecordFlag.tombstone | RecordFlag.conflict | RecordFlag.glue;
    const parent = {
      id,
      uniqueId: recordUniqueId(record),
      isPlain: (recordFlags(record) & unplain) === 0,
    };
    if (this.#parents.size >= PARENTS_MAX) this.#parents.clear();
    this.#parents.set(text, parent);
    return parent;
  }
}
