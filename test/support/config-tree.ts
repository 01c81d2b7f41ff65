// A configuration tree for tests: the shipped schema, fixed paths, a clock and ids that count.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  type ChangeContext,
  type ConfigEntry,
  ConfigTree,
  type InstanceDefaults,
  type LiveValues,
  NO_LIVE_VALUES,
  type PreparedChange,
  prepareChange,
} from "../../src/config/index.ts";
import { LdapError, type Mod } from "../../src/protocol/index.ts";
import { type Schema, loadSchema, readSchemaLdif } from "../../src/schema/index.ts";

function projectFolder(): string {
  let folder = import.meta.dirname;
  while (!readdirSync(folder).includes("package.json")) folder = dirname(folder);
  return folder;
}

let schema: Schema | undefined;

/** The schema of the schema/ folder. */
export function shippedSchema(): Schema {
  if (schema === undefined) {
    const folder = join(projectFolder(), "schema");
    const files = readdirSync(folder)
      .filter((name) => name.endsWith(".ldif"))
      .sort();
    schema = loadSchema(
      files.map((name) => readSchemaLdif(readFileSync(join(folder, name), "utf8"))),
    );
  }
  return schema;
}

export const INSTANCE: InstanceDefaults = {
  hostName: "ldap1.example.com",
  port: 389,
  securePort: 636,
  userName: "concord",
  rootDn: "cn=Directory Manager",
  configFolder: "/srv/c/config",
  databaseFolder: "/srv/c/db",
  ldifFolder: "/srv/c/ldif",
  backupFolder: "/srv/c/bak",
  logFolder: "/srv/c/log",
  runFolder: "/srv/c/run",
  lockFolder: "/srv/c/lock",
  schemaFolder: "/srv/c/schema",
  socketFile: "/srv/c/run/ldapi",
};

export const newTree = (live: LiveValues = NO_LIVE_VALUES): ConfigTree =>
  ConfigTree.create({ schema: shippedSchema(), instance: INSTANCE, live });

let ids = 0;

export const CHANGE: ChangeContext = {
  callerDn: "cn=directory manager",
  timestamp: "20260102030405Z",
  newUniqueId() {
    ids += 1;
    return `00000000-00000000-00000000-${ids.toString(16).padStart(8, "0")}`;
  },
};

export type Texts = Readonly<Record<string, string | readonly string[]>>;

const valuesOf = (texts: string | readonly string[]): readonly Buffer[] =>
  (typeof texts === "string" ? [texts] : texts).map((text) => Buffer.from(text));

/** A tree that is changed like that of a running server. */
export class ConfigSession {
  tree: ConfigTree;

  constructor(tree: ConfigTree = newTree()) {
    this.tree = tree;
  }

  add(dn: string, attributes: Texts): PreparedChange {
    return this.#apply({
      type: "add",
      dn,
      attributes: Object.entries(attributes).map(([type, texts]) => ({
        type,
        values: valuesOf(texts),
      })),
    });
  }

  modify(
    dn: string,
    ...mods: readonly (readonly [Mod["operation"], string, ...string[]])[]
  ): PreparedChange {
    return this.#apply({
      type: "modify",
      dn,
      mods: mods.map(([operation, type, ...texts]) => ({
        operation,
        type,
        values: valuesOf(texts),
      })),
    });
  }

  replace(dn: string, type: string, ...texts: string[]): PreparedChange {
    return this.modify(dn, ["replace", type, ...texts]);
  }

  delete(dn: string): PreparedChange {
    return this.#apply({ type: "delete", dn });
  }

  #apply(request: Parameters<typeof prepareChange>[1]): PreparedChange {
    const prepared = prepareChange(this.tree, request, CHANGE);
    this.tree = prepared.tree;
    return prepared;
  }

  /** The entry as shown; asserts that there is one. */
  show(dn: string): ConfigEntry {
    const entry = this.tree.find(shippedSchema().normalizeDnText(dn));
    if (entry === undefined) throw new Error(`no entry ${dn}`);
    return entry;
  }

  addBackend(name: string, suffix: string): void {
    this.add(`cn=${name},cn=ldbm database,cn=plugins,cn=config`, {
      objectClass: ["top", "extensibleObject", "nsBackendInstance"],
      cn: name,
      "nsslapd-suffix": suffix,
    });
    this.add(`cn="${suffix}",cn=mapping tree,cn=config`, {
      objectClass: ["top", "extensibleObject", "nsMappingTree"],
      cn: suffix,
      "nsslapd-state": "backend",
      "nsslapd-backend": name,
    });
  }

  addReplica(suffix: string, attributes: Texts): PreparedChange {
    return this.add(`cn=replica,cn="${suffix}",cn=mapping tree,cn=config`, {
      objectClass: ["top", "nsds5Replica"],
      cn: "replica",
      nsDS5ReplicaRoot: suffix,
      ...attributes,
    });
  }
}

/** `code message` of the LdapError that `run` throws, or "success". */
export function resultOf(run: () => unknown): string {
  try {
    run();
    return "success";
  } catch (error) {
    if (!(error instanceof LdapError)) throw error;
    return `${error.code} ${error.message}`;
  }
}
