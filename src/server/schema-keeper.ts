// The schema that is in force, and changes of it over LDAP (cn=schema): built and checked as a whole, written to the user's
// file, swapped in everywhere, then answered.
import type { Millis } from "../base/index.ts";
import { formatTime } from "../operation/index.ts";
import type { Mod } from "../protocol/index.ts";
import { LdapError } from "../protocol/index.ts";
import { makeCsn } from "../replication/csn/index.ts";
import type { Schema } from "../schema/index.ts";
import { type SchemaStamp, loadSchemaFiles, storeUserSchema } from "./schema-files.ts";

const DEFINITIONS: ReadonlySet<string> = new Set(["attributetypes", "objectclasses"]);
/** Set by a supplier that pushes its schema; kept as the stamp. */
const SCHEMA_CSN = "nsschemacsn";

export interface SchemaKeeper {
  readonly schema: Schema;
  readonly stamp: SchemaStamp;
  /** The schema after `mods`, stored. @throws LdapError as Schema.with */
  change(
    mods: readonly Mod[],
    by: { readonly dn: string; readonly now: Millis; readonly replace: boolean },
  ): Schema;
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

  change(
    mods: readonly Mod[],
    by: { readonly dn: string; readonly now: Millis; readonly replace: boolean },
  ): Schema {
    const definitions = mods.filter((mod) => DEFINITIONS.has(mod.type.toLowerCase()));
    const pushed = mods
      .find((mod) => mod.type.toLowerCase() === SCHEMA_CSN)
      ?.values[0]?.toString("latin1");
    const others = mods.filter(
      (mod) => !definitions.includes(mod) && mod.type.toLowerCase() !== SCHEMA_CSN,
    );
    if (others.length > 0) {
      throw new LdapError(
        "unwillingToPerform",
        "Only object classes and attribute types may be added",
      );
    }
    const schema = this.schema.with(definitions, { replaceAllowed: by.replace });
    const stamp = {
      schemaCsn: pushed ?? makeCsn(Math.floor(by.now / 1000), 0, 0),
      modifiedAt: formatTime(by.now),
      modifiersName: by.dn,
    };
    storeUserSchema(this.#userFile, schema, stamp);
    this.schema = schema;
    this.stamp = stamp;
    return schema;
  }

  reload(): Schema {
    const { schema, stamp } = loadSchemaFiles(this.#userFile);
    this.schema = schema;
    this.stamp = stamp;
    return schema;
  }
}
