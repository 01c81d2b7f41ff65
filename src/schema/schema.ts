// One immutable state of the schema: names and OIDs to resolved elements, and the normal form of DNs, which needs them.
// A change makes a new Schema with new element objects: compare elements of different schemas by `key`, never by identity.
import { isUtf8 } from "node:buffer";
import { type Ava, type Dn, DnSyntaxError, parseDn, parseRdn, type Rdn } from "../dn/index.ts";
import type { Mod } from "../protocol/index.ts";
import { makeUndefinedType, resolveAttributeTypes } from "./attribute-type.ts";
import { type ChangeOptions, changeDefinitions } from "./change-definitions.ts";
import type { DefinitionSet } from "./definition.ts";
import {
  NESTED_DN_DEPTH_MAX,
  NORMAL_DN_CACHE_CHARACTERS_MAX,
  NORMAL_DN_CACHE_ENTRIES_MAX,
  UNDEFINED_TYPES_MAX,
} from "./limits.ts";
import { makeMatchingRules, SPACE_INSENSITIVE_RULE } from "./matching-rules.ts";
import { escapeNormalValue, plainAssertion } from "./normal-dn.ts";
import { resolveObjectClasses } from "./object-class.ts";
import { isNumericOid } from "./syntax-checks.ts";
import { allSyntaxes, findSyntax } from "./syntaxes.ts";
import type { AttributeType, MatchingRule, ObjectClass, Syntax } from "./types.ts";

/** Adds an element under its names and OID, as written and in lower case, so that most look-ups need no conversion. */
function register<T>(map: Map<string, T>, names: readonly string[], element: T): void {
  for (const name of names) {
    map.set(name, element);
    map.set(name.toLowerCase(), element);
  }
}

/** Where the first RDN of a DN ends, if that is a comma and cannot be anything else; otherwise −1. */
function plainLeafEnd(text: string): number {
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x2c: // ,
        return at;
      case 0x22: // "
      case 0x3b: // ;
      case 0x5c: // \
        return -1;
    }
  }
  return -1;
}

export class Schema {
  /** What this schema was built from. */
  readonly definitions: DefinitionSet;
  readonly #types = new Map<string, AttributeType>();
  readonly #typeList: readonly AttributeType[];
  readonly #subtypes = new Map<string, AttributeType[]>();
  readonly #undefinedTypes = new Map<string, AttributeType>();
  readonly #classes = new Map<string, ObjectClass>();
  readonly #classList: readonly ObjectClass[];
  readonly #rules = new Map<string, MatchingRule>();
  readonly #ruleList: readonly MatchingRule[];
  readonly #normalDns = new Map<string, string>();
  #lastLeaf = { text: "", normal: "" };
  /** RDNs, one inside a value of the other, that are being normalized. */
  #dnDepth = 0;

  /** @throws LdapError invalidAttributeSyntax | attributeOrValueExists, naming the definition that does not resolve */
  constructor(definitions: DefinitionSet) {
    this.definitions = definitions;
    const rules = makeMatchingRules({
      normalizeDnValue: (value) => this.#normalizeDnValue(value),
      findCanonicalOid: (text) => this.#findCanonicalOid(text),
    });
    for (const rule of rules) register(this.#rules, [rule.name, rule.oid], rule);
    this.#ruleList = rules.filter((rule) => rule.oid !== SPACE_INSENSITIVE_RULE);
    this.#typeList = resolveAttributeTypes(definitions.attributeTypes, this.#rules);
    for (const type of this.#typeList) {
      register(this.#types, [type.oid, ...type.names], type);
      for (let above: AttributeType | undefined = type; above !== undefined; above = above.sup) {
        const below = this.#subtypes.get(above.key);
        if (below === undefined) this.#subtypes.set(above.key, [type]);
        else below.push(type);
      }
    }
    this.#classList = resolveObjectClasses(definitions.objectClasses, (name) =>
      this.findAttributeType(name),
    );
    for (const objectClass of this.#classList) {
      register(this.#classes, [objectClass.oid, ...objectClass.names], objectClass);
    }
  }

  /** The type with this name or OID (without options), in any case; for an unknown one a substitute whose `defined` is
   *  false. One object per name and schema, as long as clients do not flood the server with names. */
  attributeType(nameOrOid: string): AttributeType {
    const known = this.findAttributeType(nameOrOid);
    if (known !== undefined) return known;
    const key = nameOrOid.toLowerCase();
    const seen = this.#undefinedTypes.get(key);
    if (seen !== undefined) return seen;
    const type = makeUndefinedType(nameOrOid, this.#rules);
    if (this.#undefinedTypes.size < UNDEFINED_TYPES_MAX) this.#undefinedTypes.set(key, type);
    return type;
  }

  findAttributeType(nameOrOid: string): AttributeType | undefined {
    return this.#types.get(nameOrOid) ?? this.#types.get(nameOrOid.toLowerCase());
  }

  findObjectClass(nameOrOid: string): ObjectClass | undefined {
    return this.#classes.get(nameOrOid) ?? this.#classes.get(nameOrOid.toLowerCase());
  }

  findMatchingRule(nameOrOid: string): MatchingRule | undefined {
    return this.#rules.get(nameOrOid) ?? this.#rules.get(nameOrOid.toLowerCase());
  }

  findSyntax(oid: string): Syntax | undefined {
    return findSyntax(oid);
  }

  /** All defined types, in order of definition. */
  attributeTypes(): readonly AttributeType[] {
    return this.#typeList;
  }

  objectClasses(): readonly ObjectClass[] {
    return this.#classList;
  }

  matchingRules(): readonly MatchingRule[] {
    return this.#ruleList;
  }

  syntaxes(): readonly Syntax[] {
    return allSyntaxes();
  }

  /** Whether `type` is `of` or derives from it. */
  isSubtype(type: AttributeType, of: AttributeType): boolean {
    for (let above: AttributeType | undefined = type; above !== undefined; above = above.sup) {
      if (above.key === of.key) return true;
    }
    return false;
  }

  /** The type itself and all that derive from it. */
  subtypes(type: AttributeType): readonly AttributeType[] {
    return this.#subtypes.get(type.key) ?? [type];
  }

  /** The schema after modifications of attributeTypes and objectClasses of the subschema entry.
   *  @throws LdapError as in change-definitions.ts, and as the constructor */
  with(changes: readonly Mod[], options: ChangeOptions = {}): Schema {
    return new Schema(changeDefinitions(this.definitions, changes, options));
  }

  /** The text under which equal DNs are equal; layout in normal-dn.ts. */
  normalizeDn(dn: Dn): string {
    const first = dn[0];
    if (first === undefined) return "";
    let text = this.normalizeRdn(first);
    for (let i = 1; i < dn.length; i += 1) text += `,${this.normalizeRdn(dn[i]!)}`;
    return text;
  }

  /** Texts below a parent that is kept are put together from its normal form and that of their RDN. Of these only the last one
   *  is kept (search after search begins at the same base): leaves are many, their parents few. @throws DnSyntaxError */
  normalizeDnText(text: string): string {
    if (text === this.#lastLeaf.text) return this.#lastLeaf.normal;
    const known = this.#normalDns.get(text);
    if (known !== undefined) return known;
    const leafEnd = plainLeafEnd(text);
    const parentText = leafEnd < 0 ? "" : text.slice(leafEnd + 1);
    if (parentText !== "") {
      const parent = this.#normalDns.get(parentText);
      if (parent !== undefined && parent !== "") {
        const rdn =
          this.#plainRdn(text, leafEnd) ?? this.normalizeRdn(parseRdn(text.slice(0, leafEnd)));
        const normal = `${rdn},${parent}`;
        this.#lastLeaf = { text, normal };
        return normal;
      }
    }
    const dn = parseDn(text);
    const normal = this.normalizeDn(dn);
    this.#keepNormalDn(text, normal);
    if (parentText !== "") this.#keepNormalDn(parentText, this.normalizeDn(dn.slice(1)));
    return normal;
  }

  /** As `normalizeDnText`, for texts that are not worth a look into what is kept: RDNs of leaves. @throws DnSyntaxError */
  normalizeLeafText(text: string): string {
    return this.normalizeDn(parseDn(text));
  }

  #keepNormalDn(text: string, normal: string): void {
    if (text.length > NORMAL_DN_CACHE_CHARACTERS_MAX) return;
    if (this.#normalDns.size >= NORMAL_DN_CACHE_ENTRIES_MAX) this.#normalDns.clear();
    this.#normalDns.set(text, normal);
  }

  /** The normal form of the RDN that ends at `end`, if that is seen at a glance, as of most leaves. */
  #plainRdn(text: string, end: number): string | undefined {
    const equals = plainAssertion(text, end);
    if (equals < 0) return undefined;
    const name = text.slice(0, equals);
    const type = this.#types.get(name);
    if (type?.key !== name || type.equality.keepsText?.(text, equals + 1, end) !== true) {
      return undefined;
    }
    return text.slice(0, end);
  }

  normalizeRdn(rdn: Rdn): string {
    this.#dnDepth += 1;
    try {
      if (rdn.length === 1) return this.#normalizeAva(rdn[0]!);
      return rdn
        .map((ava) => this.#normalizeAva(ava))
        .sort()
        .join("+");
    } finally {
      this.#dnDepth -= 1;
    }
  }

  #normalizeAva(ava: Ava): string {
    const type = this.attributeType(ava.type);
    return `${type.key}=${escapeNormalValue(type.normalize(ava.value))}`;
  }

  /** Kept texts serve outermost DNs only: what they say of deep nesting would depend on what was asked before. */
  #normalizeDnValue(value: Buffer): Buffer | undefined {
    if (this.#dnDepth >= NESTED_DN_DEPTH_MAX || !isUtf8(value)) return undefined;
    const text = value.toString("utf8");
    try {
      const normal =
        this.#dnDepth === 0 ? this.normalizeDnText(text) : this.normalizeDn(parseDn(text));
      return Buffer.from(normal, "utf8");
    } catch (error) {
      if (error instanceof DnSyntaxError) return undefined;
      throw error;
    }
  }

  #findCanonicalOid(text: string): string | undefined {
    const element = this.findObjectClass(text) ?? this.findAttributeType(text);
    if (element !== undefined) return element.key;
    const rule = this.findMatchingRule(text);
    if (rule !== undefined) return rule.oid;
    return isNumericOid(Buffer.from(text)) ? text : undefined;
  }
}
