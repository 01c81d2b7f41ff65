// First phase of a change below cn=config: checks a request against the tree as it is and gives the tree as it would be,
// with the events that follow. Nothing is changed: the server stores the new tree, swaps it in, then acts on the events.
// What is the same for all kinds of entries is here; what distinguishes them is in rules/.
import { assert } from "../base/index.ts";
import type { Attribute } from "../entry/index.ts";
import {
  type AddRequest,
  type DeleteRequest,
  LdapError,
  type Mod,
  type ModifyDnRequest,
  type ModifyRequest,
} from "../protocol/index.ts";
import { checkEntry } from "../schema/index.ts";
import { applyMods } from "./apply-mods.ts";
import { type ConfigName, formatShownRdn, parseConfigName } from "./config-dn.ts";
import { ConfigEntry } from "./config-entry.ts";
import type { ConfigTree } from "./config-tree.ts";
import { requiredEntries } from "./default-tree.ts";
import { type ConfigKind, kindOf, parentOf } from "./entry-kind.ts";
import { type ConfigEvent, diffSnapshots } from "./events.ts";
import type { ChangeContext, EntryRules, RuleOutcome } from "./rules/entry-rules.ts";
import { checkMods, modContext, withoutComputed } from "./rules/field-policy.ts";
import { RULES } from "./rules/rules.ts";
import { CONFIG_VALUE_BYTES_MAX, CONFIG_VALUES_MAX } from "./limits.ts";
import type { TreeView } from "./tree-view.ts";

export type ConfigRequest = AddRequest | ModifyRequest | DeleteRequest | ModifyDnRequest;

/** A change that has passed all checks. */
export interface PreparedChange {
  readonly tree: ConfigTree;
  /** In the order in which they are to be acted on. */
  readonly events: readonly ConfigEvent[];
  /** The entry as it was and as it will be stored. */
  readonly before: ConfigEntry | undefined;
  readonly after: ConfigEntry | undefined;
}

/** @throws LdapError with the result that the client gets */
export function prepareChange(
  tree: ConfigTree,
  request: ConfigRequest,
  change: ChangeContext,
): PreparedChange {
  switch (request.type) {
    case "add":
      return prepareAdd(tree, request, change);
    case "modify":
      return prepareModify(tree, request, change);
    case "delete":
      return prepareDelete(tree, request);
    case "modifyDn":
      getStored(tree, parseConfigName(request.dn, tree.context.schema));
      throw new LdapError(
        "unwillingToPerform",
        "Operation on Directory Specific Entry not allowed",
      );
  }
}

function prepareAdd(tree: ConfigTree, request: AddRequest, change: ChangeContext): PreparedChange {
  const name = parseConfigName(request.dn, tree.context.schema);
  if (name.normalDn === "cn=changelog5,cn=config") {
    throw new LdapError(
      "unwillingToPerform",
      "Changelog configuration is part of the backend configuration",
    );
  }
  if (tree.has(name.normalDn)) throw new LdapError("entryAlreadyExists", "Entry exists");
  const parent = tree.findStored(name.normalParentDn);
  if (parent === undefined) throw noSuchObject(tree, name.normalParentDn);
  const kind = kindOf(name.normalDn);
  const rules = RULES[kind];
  const given = newEntry(tree, request, { name, parent, rules });
  const stamped = given.with([
    ["creatorsName", change.callerDn],
    ["modifiersName", change.callerDn],
    ["createTimestamp", change.timestamp],
    ["modifyTimestamp", change.timestamp],
    ["nsUniqueId", change.newUniqueId()],
  ]);
  const outcome = rules.add?.(tree, stamped, change) ?? { entry: stamped };
  checkBySchema(tree, outcome.entry, kind);
  return finish(tree, outcome, undefined);
}

function newEntry(
  tree: ConfigTree,
  request: AddRequest,
  place: { readonly name: ConfigName; readonly parent: ConfigEntry; readonly rules: EntryRules },
): ConfigEntry {
  const { name, parent, rules } = place;
  const attributes = new Map<string, Attribute>();
  const put = (type: string, values: readonly Buffer[]): void => {
    const description = tree.descriptions.get(rules.aliases?.get(type.toLowerCase()) ?? type);
    if (description.type.noUserModification) return;
    const present = attributes.get(description.key)?.values ?? [];
    const forms = new Set(present.map((value) => formOf(description.type, value)));
    const added = values.filter((value) => {
      const form = formOf(description.type, value);
      return forms.has(form) ? false : forms.add(form);
    });
    if (added.length === 0 && present.length === 0) return;
    attributes.set(description.key, {
      description,
      values: [...present, ...added.map((value) => Buffer.from(value))],
    });
  };
  for (const { type, values } of request.attributes) {
    checkLengths(type, values);
    put(type, values);
  }
  for (const { type, value } of name.rdn) put(type, [value]);
  return new ConfigEntry(
    { dn: `${formatShownRdn(name.rdn)},${parent.dn}`, normalDn: name.normalDn },
    tree.descriptions,
    attributes.values(),
  );
}

const formOf = (type: Attribute["description"]["type"], value: Buffer): string =>
  type.normalize(value).toString("latin1");

function checkLengths(type: string, values: readonly Buffer[]): void {
  if (values.length > CONFIG_VALUES_MAX) {
    throw new LdapError("adminLimitExceeded", `Too many values of ${type}`);
  }
  if (values.some((value) => value.length > CONFIG_VALUE_BYTES_MAX)) {
    throw new LdapError("adminLimitExceeded", `Value of ${type} is too long`);
  }
}

function prepareModify(
  tree: ConfigTree,
  request: ModifyRequest,
  change: ChangeContext,
): PreparedChange {
  const name = parseConfigName(request.dn, tree.context.schema);
  const before = getStored(tree, name);
  const kind = kindOf(name.normalDn);
  const rules = RULES[kind];
  const mods = request.mods.map((mod): Mod => {
    const alias = rules.aliases?.get(mod.type.toLowerCase());
    return alias === undefined ? mod : { ...mod, type: alias };
  });
  checkMods(rules.policy, before, mods);
  const effective = withoutComputed(rules.policy, before, mods);
  if (effective.length === 0) return { tree, events: [], before, after: before };
  const modified = applyMods(
    before,
    effective,
    modContext(rules.policy, before, tree.context.instance),
  );
  checkRdnKept(parseConfigName(before.dn, tree.context.schema), modified);
  const stamped = modified.with([
    ["modifiersName", change.callerDn],
    ["modifyTimestamp", change.timestamp],
  ]);
  const outcome = rules.modify?.(tree, before, stamped, effective) ?? { entry: stamped };
  checkBySchema(tree, outcome.entry, kind);
  return finish(tree, outcome, before);
}

function prepareDelete(tree: ConfigTree, request: DeleteRequest): PreparedChange {
  const name = parseConfigName(request.dn, tree.context.schema);
  const before = getStored(tree, name);
  if (tree.childNames(name.normalDn).length > 0) {
    throw new LdapError("notAllowedOnNonLeaf", "Entry has children");
  }
  if (REQUIRED_NAMES.has(name.normalDn)) {
    throw new LdapError("unwillingToPerform", "The server needs this entry");
  }
  RULES[kindOf(name.normalDn)].checkDelete?.(tree, before);
  const next = tree.replaced([], [name.normalDn]);
  const events = [
    ...diffSnapshots(tree.snapshot, next.snapshot),
    ...managerEvents(before, undefined),
  ];
  return { tree: dropDefaultContext(next), events, before, after: undefined };
}

function finish(
  tree: ConfigTree,
  outcome: RuleOutcome,
  before: ConfigEntry | undefined,
): PreparedChange {
  const next = tree.replaced([outcome.entry, ...(outcome.others ?? [])], []);
  const after = next.findStored(outcome.entry.normalDn);
  assert(after !== undefined, "the entry is in the new tree");
  const events = [
    ...diffSnapshots(tree.snapshot, next.snapshot),
    ...(outcome.events?.(next) ?? []),
    ...managerEvents(before, after),
  ];
  return { tree: next, events, before, after };
}

/** Binding with an entry of cn=config is decided by its password. */
function managerEvents(
  before: ConfigEntry | undefined,
  after: ConfigEntry | undefined,
): readonly ConfigEvent[] {
  const entry = after ?? before;
  if (entry === undefined) return [];
  const was = before?.texts("userPassword").join("\n") ?? "";
  const is = after?.texts("userPassword").join("\n") ?? "";
  return was === is ? [] : [{ type: "managerChanged", normalDn: entry.normalDn }];
}

function getStored(tree: ConfigTree, name: ConfigName): ConfigEntry {
  const entry = tree.findStored(name.normalDn);
  if (entry === undefined) throw noSuchObject(tree, name.normalDn);
  return entry;
}

function noSuchObject(tree: TreeView, normalDn: string): LdapError {
  let at = normalDn;
  while (at !== "" && !tree.has(at)) at = parentOf(at);
  const matchedDn = tree.findStored(at)?.dn ?? "";
  return new LdapError("noSuchObject", "No such object", { matchedDn });
}

/** RFC 4511 §4.6: the values of the RDN stay. */
function checkRdnKept(name: ConfigName, entry: ConfigEntry): void {
  for (const { type, value } of name.rdn) {
    const description = entry.descriptions.get(type);
    const form = formOf(description.type, value);
    const values = entry.find(type)?.values ?? [];
    if (!values.some((present) => formOf(description.type, present) === form)) {
      throw new LdapError("notAllowedOnRdn", `The value of ${type} names the entry`);
    }
  }
}

/** Kinds of entries whose values are checked by tables alone: they hold attributes that no schema lists. */
const UNCHECKED_KINDS: ReadonlySet<ConfigKind> = new Set([
  "server",
  "replica",
  "agreement",
  "index",
]);

function checkBySchema(tree: ConfigTree, entry: ConfigEntry, kind: ConfigKind): void {
  const { schema } = tree.context;
  const { server } = tree.snapshot;
  if (!entry.has("objectClass")) {
    throw new LdapError("objectClassViolation", 'missing required attribute "objectclass"');
  }
  checkEntry(schema, [...entry.attributes()], {
    schemaCheck: server.checkSchema && !UNCHECKED_KINDS.has(kind),
    syntaxCheck: server.checkSyntax,
  });
}

/** Their names have no characters whose normal form differs from lower case. */
const REQUIRED_NAMES: ReadonlySet<string> = new Set(
  requiredEntries().map(([dn]) => dn.toLowerCase()),
);

/** The default naming context goes with its suffix. */
function dropDefaultContext(tree: ConfigTree): ConfigTree {
  const entry = tree.findStored("cn=config");
  const context = entry?.text("nsslapd-defaultnamingcontext");
  if (entry === undefined || context === undefined || context === "") return tree;
  const { schema } = tree.context;
  const normal = parseConfigName(context, schema).normalDn;
  if (tree.snapshot.suffixes.some((suffix) => suffix.normalSuffix === normal)) return tree;
  return tree.replaced([entry.without("nsslapd-defaultnamingcontext")], []);
}
