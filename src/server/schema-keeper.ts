// The schema that is in force, and changes of it over LDAP (cn=schema): built and checked as a whole, written to the user's
// file, swapped in everywhere, then answered. Replication changes it too (replication-protocol 10): a supplier pushes its schema,
// and whoever meets a schema that says more than the own one learns from it.
import type { Millis } from "../base/index.ts";
import { formatTime } from "../operation/index.ts";
import type { Mod } from "../protocol/index.ts";
import { LdapError } from "../protocol/index.ts";
import { csnSeconds, csnSequence, makeCsn, parseCsn } from "../replication/csn/index.ts";
import {
  type DefinitionSet,
  type DefinitionTexts,
  Schema,
  type SchemaPolicy,
  acceptDefinitions,
  findRicher,
  forbidsPush,
  isEmptySet,
  learnDefinitions,
  mustKeep,
  readDefinitions,
} from "../schema/index.ts";
import { type SchemaStamp, loadSchemaFiles, storeUserSchema } from "./schema-files.ts";

const DEFINITIONS: ReadonlySet<string> = new Set(["attributetypes", "objectclasses"]);
/** Set by a supplier that pushes its schema; kept as the stamp. */
const SCHEMA_CSN = "nsschemacsn";

export interface SchemaAuthor {
  readonly dn: string;
  readonly now: Millis;
}

export interface SchemaKeeper {
  readonly schema: Schema;
  readonly stamp: SchemaStamp;
  /** The schema after `mods`, stored. @throws LdapError as Schema.with */
  change(mods: readonly Mod[], by: SchemaAuthor & { readonly replace: boolean }): Schema;
  /** What a supplier pushes, stored with the supplier's CSN. Refused while ours says more: then that what the supplier's says
   *  more is learned, so that both will meet. @throws LdapError unwillingToPerform when it is no push */
  receive(
    mods: readonly Mod[],
    by: SchemaAuthor & { readonly policy: SchemaPolicy },
  ): { readonly isAccepted: boolean; readonly isChanged: boolean };
  /** Takes over what other definitions say more; false: there is nothing. */
  learn(texts: DefinitionTexts, by: SchemaAuthor): boolean;
  /** Reads the files again. @throws Error naming the file that cannot be read */
  reload(): Schema;
}

export function openSchemaKeeper(userFile: string): SchemaKeeper {
  return new FileSchemaKeeper(userFile);
}

class FileSchemaKeeper implements SchemaKeeper {
  readonly #userFile: string;
  schema: Schema;
  stamp: SchemaStamp;

  constructor(userFile: string) {
    this.#userFile = userFile;
    const { schema, stamp } = loadSchemaFiles(userFile);
    this.schema = schema;
    this.stamp = stamp;
  }

  change(mods: readonly Mod[], by: SchemaAuthor & { readonly replace: boolean }): Schema {
    const { definitions, pushedCsn } = sortMods(mods);
    const schema = this.schema.with(definitions, { replaceAllowed: by.replace });
    this.#store(schema, pushedCsn ?? this.#nextCsn(by.now), by);
    return schema;
  }

  receive(
    mods: readonly Mod[],
    by: SchemaAuthor & { readonly policy: SchemaPolicy },
  ): { readonly isAccepted: boolean; readonly isChanged: boolean } {
    const { definitions, pushedCsn } = sortMods(mods);
    if (definitions.some(({ operation }) => operation !== "replace")) {
      throw new LdapError("unwillingToPerform", "A supplier replaces the schema as a whole");
    }
    const own = this.schema.definitions;
    const pushed = pushedDefinitions(own, definitions);
    const { policy } = by;
    if (forbidsPush(findRicher(pushed, own), policy)) {
      return { isAccepted: false, isChanged: false };
    }
    const richer = findRicher(pushed, own, { counts: (one) => mustKeep(one, policy) });
    if (!isEmptySet(richer)) {
      return { isAccepted: false, isChanged: this.#take(learnDefinitions(own, pushed), by) };
    }
    const schema = new Schema(acceptDefinitions(own, pushed));
    this.#store(schema, pushedCsn ?? this.#nextCsn(by.now), by);
    return { isAccepted: true, isChanged: true };
  }

  learn(texts: DefinitionTexts, by: SchemaAuthor): boolean {
    const own = this.schema.definitions;
    return this.#take(learnDefinitions(own, readDefinitions(texts).set), by);
  }

  /** What was learned is a change of our own: others hear of it. */
  #take(learned: DefinitionSet, by: SchemaAuthor): boolean {
    if (isEmptySet(findRicher(this.schema.definitions, learned))) return false;
    this.#store(new Schema(learned), this.#nextCsn(by.now), by);
    return true;
  }

  reload(): Schema {
    const { schema, stamp } = loadSchemaFiles(this.#userFile);
    this.schema = schema;
    this.stamp = stamp;
    return schema;
  }

  #store(schema: Schema, schemaCsn: string, by: SchemaAuthor): void {
    const stamp = { schemaCsn, modifiedAt: formatTime(by.now), modifiersName: by.dn };
    storeUserSchema(this.#userFile, schema, stamp);
    this.schema = schema;
    this.stamp = stamp;
  }

  /** Time of the change, above the CSN before: two changes within a second are two. */
  #nextCsn(now: Millis): string {
    const seconds = Math.floor(now / 1000);
    const last = parseCsn(this.stamp.schemaCsn ?? "");
    if (last === undefined || csnSeconds(last) < seconds) return makeCsn(seconds, 0, 0);
    const sequence = csnSequence(last) + 1;
    return sequence <= SEQUENCE_MAX
      ? makeCsn(csnSeconds(last), sequence, 0)
      : makeCsn(csnSeconds(last) + 1, 0, 0);
  }
}

const SEQUENCE_MAX = 0xffff;

/** What a push has no attribute for stays as it is. */
function pushedDefinitions(own: DefinitionSet, mods: readonly Mod[]): DefinitionSet {
  const texts = (type: string): string[] | undefined => {
    const found = mods.filter((mod) => mod.type.toLowerCase() === type);
    if (found.length === 0) return undefined;
    return found.flatMap(({ values }) => values.map((value) => value.toString("utf8")));
  };
  const attributeTypes = texts("attributetypes");
  const objectClasses = texts("objectclasses");
  const { set } = readDefinitions({
    attributeTypes: attributeTypes ?? [],
    objectClasses: objectClasses ?? [],
  });
  return {
    attributeTypes: attributeTypes === undefined ? own.attributeTypes : set.attributeTypes,
    objectClasses: objectClasses === undefined ? own.objectClasses : set.objectClasses,
  };
}

/** @throws LdapError unwillingToPerform for other attributes of cn=schema */
function sortMods(mods: readonly Mod[]): {
  readonly definitions: readonly Mod[];
  readonly pushedCsn: string | undefined;
} {
  const definitions = mods.filter((mod) => DEFINITIONS.has(mod.type.toLowerCase()));
  const stamps = mods.filter((mod) => mod.type.toLowerCase() === SCHEMA_CSN);
  if (definitions.length + stamps.length < mods.length) {
    throw new LdapError(
      "unwillingToPerform",
      "Only object classes and attribute types may be added",
    );
  }
  const pushed = stamps[0]?.values[0]?.toString("latin1");
  return { definitions, pushedCsn: parseCsn(pushed ?? "") };
}
