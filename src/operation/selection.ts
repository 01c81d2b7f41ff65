// Which attributes a search returns (RFC 4511 §4.5.1.8; RFC 3673 for `+`; RFC 4529 for `@class`). Decided once per attribute
// description, then looked up by number; a selection serves all searches with the same list. Whoever asks for an attribute by a
// name gets it under the name as he spelled it, as from 389; by OID, class or `*` it has the schema's name.
import type { RuleChain } from "../access/index.ts";
import {
  type AttributeDescription,
  COMPUTED_ATTRIBUTE_KEYS,
  isOrDescends,
  splitDescription,
} from "../entry/index.ts";
import { LdapError } from "../protocol/index.ts";
import type { AttributeType, Schema } from "../schema/index.ts";
import { ShownAttributes } from "./shown-attributes.ts";

/** Selections kept for each schema: clients ask for the same attributes again and again. */
const SELECTIONS_KEPT_MAX = 1_000;
/** Longer lists are parsed each time. */
const KEPT_ATTRIBUTES_MAX = 50;

const kept = new WeakMap<Schema, Map<string, Selection>>();

/** Attribute descriptions in one request. */
export const REQUESTED_ATTRIBUTES_MAX = 2_000;

interface Requested {
  readonly type: AttributeType;
  /** The name as it was spelled; undefined when the type was not asked for by name. */
  readonly name: string | undefined;
  readonly options: readonly string[];
}

/** Attributes that are so dear or so odd that neither `*` nor `+` stands for them. */
const ONLY_BY_NAME: ReadonlySet<string> = new Set([
  "nscpentrywsi",
  "nsds50ruv",
  "nsruvreplicalastmodified",
  "nsds5agmtmaxcsn",
  "nsrole",
  "aclrights",
]);

export class Selection {
  /** `*`, or no list at all. */
  readonly user: boolean;
  /** `+`. */
  readonly operational: boolean;
  /** Whether an attribute that is computed for each entry may be wanted. */
  readonly computed: boolean;
  readonly #requested: readonly Requested[];
  /** Rules live as long as whoever is subject to them stays; what was worked out under them goes with them. */
  readonly #shown = new WeakMap<RuleChain, ShownAttributes>();
  readonly #decided = new Map<AttributeDescription, string | undefined>();

  private constructor(user: boolean, operational: boolean, requested: readonly Requested[]) {
    this.user = user;
    this.operational = operational;
    this.#requested = requested;
    this.computed = operational || requested.some(({ type }) => isComputed(type));
  }

  /** `attributes` as requested. Names that the schema does not know select nothing.
   *  @throws LdapError adminLimitExceeded for an absurdly long list */
  static parse(attributes: readonly string[], schema: Schema): Selection {
    if (attributes.length > KEPT_ATTRIBUTES_MAX) return Selection.#parse(attributes, schema);
    let selections = kept.get(schema);
    if (selections === undefined) kept.set(schema, (selections = new Map()));
    const key = attributes.length === 0 ? "" : JSON.stringify(attributes);
    let selection = selections.get(key);
    if (selection === undefined) {
      selection = Selection.#parse(attributes, schema);
      if (selections.size >= SELECTIONS_KEPT_MAX) selections.clear();
      selections.set(key, selection);
    }
    return selection;
  }

  static #parse(attributes: readonly string[], schema: Schema): Selection {
    if (attributes.length === 0) return new Selection(true, false, []);
    if (attributes.length > REQUESTED_ATTRIBUTES_MAX) {
      throw new LdapError("adminLimitExceeded", "Too many attributes are asked for");
    }
    let user = false;
    let operational = false;
    const requested: Requested[] = [];
    for (const text of attributes) {
      if (text === "*") user = true;
      else if (text === "+") operational = true;
      else if (text.startsWith("@")) requested.push(...ofClass(text.slice(1), schema));
      else if (text !== "1.1" && text !== "") {
        const parsed = parseRequested(text, schema);
        if (parsed !== undefined) requested.push(parsed);
      }
    }
    return new Selection(user, operational, requested);
  }

  /** Does the client want attributes with this description? */
  includes(description: AttributeDescription): boolean {
    return this.textOf(description) !== undefined;
  }

  /** What attributes with this description are called in the answer; undefined when the client does not want them. */
  textOf(description: AttributeDescription): string | undefined {
    const known = this.#decided.get(description);
    if (known !== undefined || this.#decided.has(description)) return known;
    const text = this.#isWanted(description) ? this.#spell(description) : undefined;
    this.#decided.set(description, text);
    return text;
  }

  /** What the answers to this selection show of entries below these rules. */
  shownUnder(rules: RuleChain): ShownAttributes {
    let shown = this.#shown.get(rules);
    if (shown === undefined) this.#shown.set(rules, (shown = new ShownAttributes(this, rules)));
    return shown;
  }

  /** Is the type asked for by its name (not only by `*` or `+`)? */
  names(key: string): boolean {
    return this.#requested.some((requested) => requested.type.key === key);
  }

  #spell({ type, options, text }: AttributeDescription): string {
    for (const { type: asked, name } of this.#requested) {
      if (asked.key === type.key && name !== undefined) return [name, ...options].join(";");
    }
    return text;
  }

  #isWanted(description: AttributeDescription): boolean {
    const { type, options } = description;
    if (!ONLY_BY_NAME.has(type.key)) {
      if (type.operational ? this.operational : this.user) return true;
    }
    return this.#requested.some(
      (requested) =>
        isOrDescends(type, requested.type) &&
        requested.options.every((option) => options.includes(option)),
    );
  }
}

const isComputed = ({ key }: AttributeType): boolean => COMPUTED_ATTRIBUTE_KEYS.has(key);

function parseRequested(text: string, schema: Schema): Requested | undefined {
  try {
    const { type, options } = splitDescription(text);
    const name = type.includes(".") ? undefined : type;
    return { type: schema.attributeType(type), name, options };
  } catch (error) {
    if (error instanceof LdapError) return undefined; // RFC 4511 §4.5.1.8: what is not recognized is ignored
    throw error;
  }
}

function ofClass(name: string, schema: Schema): Requested[] {
  const objectClass = schema.findObjectClass(name);
  if (objectClass === undefined) return [];
  return [...objectClass.must, ...objectClass.may].map((type) => ({
    type,
    name: undefined,
    options: [],
  }));
}
