// Plain LDIF records as entries: what an import adds to them and what it checks (389: the flags of str2entry in an import).
//
// - Classes get their superiors, the RDN values are added where missing, a value that stands twice counts once.
// - What the server computes is left out; what it stamps on new entries is added where missing. Values carry no CSN.
// - The check of schema and syntax follows the settings of the server.
import type { Rdn } from "../dn/index.ts";
import {
  type Attribute,
  type AttributeDescription,
  COMPUTED_ATTRIBUTE_KEYS,
  type Descriptions,
} from "../entry/index.ts";
import type { AttributeValues } from "../protocol/index.ts";
import { type UniqueId, parseUniqueId } from "../replication/change/index.ts";
import { plainRdn } from "../replication/urp/index.ts";
import { checkEntry, checkSyntax, expandObjectClasses } from "../schema/index.ts";
import type { BulkRefusal } from "./bulk-refusal.ts";
import { refusalOf } from "./bulk-refusal.ts";

export interface BulkSettings {
  readonly schemaCheck: boolean;
  readonly syntaxCheck: boolean;
  /** creatorsName, modifiersName and their times for entries without; undefined: they stay without. `time` is generalized. */
  readonly stamp: { readonly actorDn: string; readonly time: string } | undefined;
  readonly newUniqueId: () => UniqueId;
  readonly newEntryUuid: () => string;
}

export interface PlainEntry {
  readonly uniqueId: UniqueId;
  /** Whether the record brought its unique ID. */
  readonly hasOwnId: boolean;
  /** nsUniqueId is the last one. */
  readonly attributes: readonly Attribute[];
}

/** Attributes that are derived from the structure: never taken from a plain record. */
const DERIVED_KEYS: ReadonlySet<string> = new Set([
  "nsds5replconflict",
  "conflictcsn",
  "nscpentrydn",
  "nsparentuniqueid",
  "nstombstonecsn",
  "nscpentrywsi",
]);
/** Values that are compared each with each. */
const FEW_VALUES = 8;
/** Lists of classes whose expansion is remembered; a directory has few. */
const CLASS_LISTS_MAX = 1000;

export class PlainReader {
  readonly #descriptions: Descriptions;
  readonly #settings: BulkSettings;
  readonly #classLists = new Map<string, readonly Buffer[]>();
  readonly #stamps: readonly Attribute[];
  readonly #classes: AttributeDescription;
  readonly #uniqueIds: AttributeDescription;
  readonly #entryUuids: AttributeDescription;
  /** Values that stood twice in their entry. */
  repeatedValues = 0;

  constructor(descriptions: Descriptions, settings: BulkSettings) {
    this.#descriptions = descriptions;
    this.#settings = settings;
    const { stamp } = settings;
    const stamped = (type: string, text: string): Attribute => ({
      description: descriptions.intern(type),
      values: [Buffer.from(text, "utf8")],
    });
    this.#stamps =
      stamp === undefined
        ? []
        : [
            stamped("creatorsName", stamp.actorDn),
            stamped("modifiersName", stamp.actorDn),
            stamped("createTimestamp", stamp.time),
            stamped("modifyTimestamp", stamp.time),
          ];
    this.#classes = descriptions.intern("objectClass");
    this.#uniqueIds = descriptions.intern("nsUniqueId");
    this.#entryUuids = descriptions.intern("entryUUID");
  }

  read(record: readonly AttributeValues[], rdn: Rdn): PlainEntry | BulkRefusal {
    try {
      return this.#read(record, rdn);
    } catch (error) {
      return refusalOf(error);
    }
  }

  #read(record: readonly AttributeValues[], rdn: Rdn): PlainEntry | BulkRefusal {
    const values = new Map<AttributeDescription, Buffer[]>();
    let givenId: Buffer | undefined;
    for (const { type, values: given } of record) {
      const description = this.#descriptions.intern(type);
      const { key } = description.type;
      if (key === "nsuniqueid") givenId = given[0];
      else if (!COMPUTED_ATTRIBUTE_KEYS.has(key) && !DERIVED_KEYS.has(key)) {
        this.#collect(values, description, given);
      }
    }
    for (const { type, value } of plainRdn(rdn)) {
      const description = this.#descriptions.intern(type);
      const known = values.get(description) ?? [];
      if (!hasValue(description, known, value)) values.set(description, [...known, value]);
    }
    const classes = values.get(this.#classes);
    if (classes !== undefined) values.set(this.#classes, this.#expanded(classes));
    const uniqueId =
      givenId === undefined ? this.#settings.newUniqueId() : parseUniqueId(givenId.toString());
    if (uniqueId === undefined) {
      return { kind: "malformed", reason: `nsUniqueId: ${givenId?.toString()} is no unique ID` };
    }
    const givenCount = values.size;
    for (const stamp of this.#stamps) {
      if (!values.has(stamp.description)) values.set(stamp.description, [...stamp.values]);
    }
    if (!values.has(this.#entryUuids)) {
      values.set(this.#entryUuids, [Buffer.from(this.#settings.newEntryUuid(), "latin1")]);
    }
    values.set(this.#uniqueIds, [Buffer.from(uniqueId, "latin1")]);
    const attributes: Attribute[] = [];
    for (const [description, own] of values) attributes.push({ description, values: own });
    this.#check(attributes, givenCount);
    return { uniqueId, hasOwnId: givenId !== undefined, attributes };
  }

  #collect(
    values: Map<AttributeDescription, Buffer[]>,
    description: AttributeDescription,
    given: readonly Buffer[],
  ): void {
    const known = values.get(description);
    if (known === undefined && given.length === 1) {
      values.set(description, [given[0] as Buffer]);
      return;
    }
    const all = known === undefined ? given : [...known, ...given];
    const unique =
      all.length > FEW_VALUES ? distinct(description, all) : fewDistinct(description, all);
    this.repeatedValues += all.length - unique.length;
    values.set(description, unique);
  }

  #expanded(classes: readonly Buffer[]): Buffer[] {
    const key = classes.map((value) => value.toString("latin1")).join("\n");
    let expanded = this.#classLists.get(key);
    if (expanded === undefined) {
      expanded = expandObjectClasses(this.#descriptions.schema, classes).map((value) =>
        Buffer.from(value),
      );
      if (this.#classLists.size >= CLASS_LISTS_MAX) this.#classLists.clear();
      this.#classLists.set(key, expanded);
    }
    return [...expanded];
  }

  /** What the server itself made, behind the first `givenCount`, is as its syntax demands. */
  #check(attributes: readonly Attribute[], givenCount: number): void {
    const { schemaCheck, syntaxCheck } = this.#settings;
    if (!schemaCheck && !syntaxCheck) return;
    checkEntry(this.#descriptions.schema, attributes, { schemaCheck, syntaxCheck: false });
    if (!syntaxCheck) return;
    for (const { description, values } of attributes.slice(0, givenCount)) {
      checkSyntax(description.type, values);
    }
  }
}

function distinct({ type }: AttributeDescription, values: readonly Buffer[]): Buffer[] {
  const unique = new Map<string, Buffer>();
  for (const value of values) {
    const normal = type.normalize(value).toString("latin1");
    if (!unique.has(normal)) unique.set(normal, value);
  }
  return [...unique.values()];
}

/** The same of a few, which are compared with each other: most differ in their length. */
function fewDistinct({ type }: AttributeDescription, values: readonly Buffer[]): Buffer[] {
  const unique: Buffer[] = [];
  const normals: Buffer[] = [];
  for (const value of values) {
    const normal = type.normalize(value);
    if (normals.some((known) => known.length === normal.length && known.equals(normal))) continue;
    normals.push(normal);
    unique.push(value);
  }
  return unique;
}

/** Whether the value is among them, as it is or in normal form. */
export function hasValue(
  description: AttributeDescription,
  values: readonly Buffer[],
  value: Buffer,
): boolean {
  if (values.some((known) => known.equals(value))) return true;
  const normal = description.type.normalize(value);
  return values.some((known) => description.type.normalize(known).equals(normal));
}
