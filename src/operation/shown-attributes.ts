// What becomes of the attributes of stored entries in the answers to one selection under one set of access rules. For nearly
// all descriptions that is the same for every entry with these rules above it, so it is worked out once and looked up by number.
import type { RuleChain } from "../access/index.ts";
import type { AttributeDescription, StoredEntry } from "../entry/index.ts";
import type { Access } from "./access-port.ts";
import type { Selection } from "./selection.ts";

export const Showing = {
  hidden: 0,
  /** The bytes of the record are the answer. */
  asStored: 1,
  /** The client spells the type its own way. */
  respelled: 2,
} as const;
export type Showing = (typeof Showing)[keyof typeof Showing];

/** Wanted by the client; the rules have to be asked for each entry. */
const DEPENDS = 4;

export class ShownAttributes {
  readonly #selection: Selection;
  readonly #rules: RuleChain;
  /** By number of the description. The object is compared too: schemas have descriptions of their own. */
  readonly #descriptions: (AttributeDescription | undefined)[] = [];
  readonly #showings: number[] = [];

  constructor(selection: Selection, rules: RuleChain) {
    this.#selection = selection;
    this.#rules = rules;
  }

  of(description: AttributeDescription, entry: StoredEntry, access: Access): Showing {
    const { id } = description;
    if (this.#descriptions[id] !== description) {
      this.#showings[id] = this.#find(description, access);
      this.#descriptions[id] = description;
    }
    const showing = this.#showings[id]!;
    if (showing < DEPENDS) return showing as Showing;
    const { type, options } = description;
    return access.mayAttribute(entry, "read", type, options)
      ? ((showing - DEPENDS) as Showing)
      : Showing.hidden;
  }

  #find(description: AttributeDescription, access: Access): number {
    const text = this.#selection.textOf(description);
    if (text === undefined) return Showing.hidden;
    const decision = access.decisionUnder(this.#rules, "read", description);
    if (decision === false) return Showing.hidden;
    const showing = text === description.text ? Showing.asStored : Showing.respelled;
    return decision === undefined ? DEPENDS + showing : showing;
  }
}
