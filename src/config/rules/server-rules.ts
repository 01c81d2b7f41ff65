// Rules of cn=config itself, of the database entries, TLS settings and plug-ins: entries with fixed sets of settings.
import { LdapError } from "../../protocol/index.ts";
import { findNormalDn } from "../config-dn.ts";
import { KNOWN_PLUGINS } from "../default-plugins.ts";
import {
  bdbStoredFields,
  databaseStoredFields,
  databaseFields,
} from "../fields/database-fields.ts";
import { type Field, fieldValue } from "../fields/field.ts";
import { passwordPolicyFields } from "../fields/password-policy-fields.ts";
import { serverFields } from "../fields/server-fields.ts";
import { serverStoredFields } from "../fields/server-stored-fields.ts";
import type { ConfigEntry } from "../config-entry.ts";
import type { EntryRules, RuleOutcome } from "./entry-rules.ts";
import { type FieldPolicy, fieldMap } from "./field-policy.ts";

const unknownAttribute = (name: string): LdapError =>
  new LdapError("unwillingToPerform", `Unknown attribute ${name} will be ignored`);

const notWhileRunning = (name: string): LdapError =>
  new LdapError("unwillingToPerform", `${name} can't be modified while the server is running.`);

const serverPolicy: FieldPolicy = {
  fields: fieldMap([
    ...Object.values(serverFields),
    ...Object.values(passwordPolicyFields),
    ...serverStoredFields,
  ]),
  refuseUnknown: unknownAttribute,
  refuseReadOnly: (name) => new LdapError("unwillingToPerform", `${name} is read-only`),
};

export const serverRules: EntryRules = {
  policy: serverPolicy,
  modify(tree, _before, after): RuleOutcome {
    const context = fieldValue(serverFields.defaultNamingContext, after, tree.context.instance);
    if (context !== "" && after.has("nsslapd-defaultnamingcontext")) {
      const normal = findNormalDn(context, tree.context.schema);
      if (!tree.snapshot.suffixes.some((suffix) => suffix.normalSuffix === normal)) {
        throw new LdapError("noSuchObject", `${context} is not an existing suffix.`);
      }
    }
    return { entry: after };
  },
};

const databasePolicy = (fields: readonly Field<unknown>[]): FieldPolicy => ({
  fields: fieldMap(fields),
  // 389: unknown settings of the database entries are stored and ignored.
  refuseUnknown: () => undefined,
  refuseReadOnly: notWhileRunning,
});

export const databaseRules: EntryRules = {
  policy: databasePolicy([...Object.values(databaseFields), ...databaseStoredFields]),
};

const SIZED_BY_SERVER = "nsslapd-dbcachesize";

export const bdbRules: EntryRules = {
  policy: databasePolicy(bdbStoredFields),
  modify(_tree, before, after): RuleOutcome {
    const autosize = Number(after.text("nsslapd-cache-autosize") ?? "25");
    if (autosize > 0 && before.text(SIZED_BY_SERVER) !== after.text(SIZED_BY_SERVER)) {
      throw new LdapError(
        "unwillingToPerform",
        `Error: "${SIZED_BY_SERVER}" can not be updated while "nsslapd-cache-autosize" is set`,
      );
    }
    return { entry: after };
  },
};

/** Any attribute goes; nothing is checked. */
export const freePolicy: FieldPolicy = {
  fields: new Map(),
  refuseUnknown: () => undefined,
  refuseReadOnly: notWhileRunning,
};

export const freeRules: EntryRules = { policy: freePolicy };

export const encryptionRules: EntryRules = {
  policy: freePolicy,
  modify(_tree, _before, after): RuleOutcome {
    if (after.text("nsSSL3Ciphers") === "") {
      throw new LdapError("invalidAttributeSyntax", "nsSSL3Ciphers: value #0 invalid per syntax");
    }
    return { entry: after };
  },
};

function checkPlugin(entry: ConfigEntry): void {
  const enabled = entry.text("nsslapd-pluginEnabled")?.toLowerCase();
  if (enabled === undefined) return;
  if (enabled !== "on" && enabled !== "off") {
    throw new LdapError(
      "unwillingToPerform",
      `nsslapd-pluginEnabled: invalid value "${enabled}". Valid values are "on" or "off".`,
    );
  }
  if (enabled === "on" && !isKnownPlugin(entry)) {
    throw new LdapError("unwillingToPerform", `Plug-in ${entry.text("cn") ?? ""} does not exist`);
  }
}

/** Uniqueness rules may have any name: each is an entry of its own with the same start function. */
function isKnownPlugin(entry: ConfigEntry): boolean {
  if (KNOWN_PLUGINS.has(entry.text("cn")?.toLowerCase() ?? "")) return true;
  return entry.text("nsslapd-pluginInitfunc") === "NSUniqueAttr_Init";
}

export const pluginRules: EntryRules = {
  policy: freePolicy,
  // lib389 writes this name in `config-entry add` of the account policy plug-in.
  aliases: new Map([["nsslapd_pluginconfigarea", "nsslapd-pluginConfigArea"]]),
  add(_tree, entry): RuleOutcome {
    checkPlugin(entry);
    return { entry };
  },
  modify(_tree, _before, after): RuleOutcome {
    checkPlugin(after);
    return { entry: after };
  },
  checkDelete(_tree, entry): void {
    if (KNOWN_PLUGINS.has(entry.text("cn")?.toLowerCase() ?? "")) {
      throw new LdapError("unwillingToPerform", "A built-in plug-in cannot be deleted");
    }
  },
};

const TASK_SETTINGS = new Set(["ttl", "nstaskcancel"]);

export const taskRules: EntryRules = {
  policy: {
    ...freePolicy,
    refuseUnknown: (name) =>
      TASK_SETTINGS.has(name.toLowerCase())
        ? undefined
        : new LdapError("unwillingToPerform", `${name} of a task cannot be modified`),
  },
  add(_tree, entry): RuleOutcome {
    checkTtl(entry);
    const kind = containerName(entry.normalDn);
    return { entry, events: () => [{ type: "taskRequested", kind, entry }] };
  },
  modify(_tree, _before, after): RuleOutcome {
    checkTtl(after);
    return { entry: after, events: () => [{ type: "taskChanged", entry: after }] };
  },
  checkDelete(): void {
    throw new LdapError("unwillingToPerform", "Task entries are removed by the server");
  },
};

function checkTtl(entry: ConfigEntry): void {
  const ttl = entry.text("ttl");
  if (ttl !== undefined && !/^\d{1,9}$/.test(ttl)) {
    throw new LdapError("invalidAttributeSyntax", "ttl: value #0 invalid per syntax");
  }
}

/** `export` for cn=x,cn=export,cn=tasks,cn=config: container names hold no characters that a normal DN escapes. */
function containerName(normalDn: string): string {
  const [, container = ""] = normalDn.split(",");
  return container.slice(container.indexOf("=") + 1);
}
