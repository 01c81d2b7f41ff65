// Add (RFC 4511 §4.7). The checks stand in the order in which clients see them (ldap-conformance 7.2); the effect is one
// change that replicated adds share.
import { parseDn } from "../dn/index.ts";
import type { Attribute } from "../entry/index.ts";
import { type AddRequest, type AttributeValues, LdapError } from "../protocol/index.ts";
import { checkEntry, expandObjectClasses } from "../schema/index.ts";
import { AttributeSet } from "./attribute-set.ts";
import { candidateEntry } from "./candidate-entry.ts";
import { checkAcis } from "./check-aci.ts";
import {
  type WriteContext,
  formatTime,
  insufficient,
  newEntryUuid,
  newUniqueId,
  noSuchObject,
} from "./write-context.ts";

/** Set by the server; what a client sends for them is ignored (389), not refused. */
const IGNORED_KEYS: ReadonlySet<string> = new Set([
  "creatorsname",
  "createtimestamp",
  "modifiersname",
  "modifytimestamp",
]);
/** A restore tool bound as the root DN may bring these along. */
const ROOT_MAY_GIVE_KEYS: ReadonlySet<string> = new Set(["nsuniqueid", "entryuuid"]);

/** Adds an entry.
 *  @throws LdapError invalidDnSyntax, noSuchObject, entryAlreadyExists, insufficientAccessRights, unwillingToPerform,
 *  protocolError, objectClassViolation, attributeOrValueExists, invalidAttributeSyntax, constraintViolation */
export function addEntry(context: WriteContext, request: AddRequest): void {
  const { schema, store } = context;
  const dn = parseDn(request.dn);
  const normalDn = schema.normalizeDn(dn);
  const isSuffix = normalDn === store.suffix;
  const parentDn = normalDn.slice(normalDn.indexOf(",") + 1);
  const parentId = isSuffix ? undefined : store.idOfDn(parentDn);
  if (!isSuffix && parentId === undefined) {
    throw noSuchObject(context, parentDn, (unseen) =>
      context.access.mayEntry(candidateEntry(request.dn, normalDn, [...unseen.attributes()]), "add")
        ? undefined
        : insufficientAdd(request),
    );
  }
  if (store.idOfDn(normalDn) !== undefined) throw new LdapError("entryAlreadyExists", "");
  const parent = parentId === undefined ? undefined : store.getEntry(parentId);
  const refusal = parent && context.refusal(parent, "parent");
  if (refusal !== undefined) throw new LdapError("unwillingToPerform", refusal);

  const set = collect(context, request);
  const rdn = dn[0] ?? [];
  for (const ava of rdn) {
    const description = context.descriptions.intern(ava.type);
    if (!set.has(description, ava.value)) set.add(description, [ava.value]);
  }
  const classes = context.descriptions.intern("objectClass");
  set.replace(classes, expandObjectClasses(schema, set.values(classes)));
  const entry = candidateEntry(request.dn, normalDn, [...set]);
  if (!context.access.mayEntry(entry, "add")) {
    throw insufficientAdd(request);
  }
  checkAcis(schema, normalDn, set.ofType("aci"));
  checkEntry(schema, [...set], context.settings);
  const uniqueId = stamp(context, set);
  context.apply({
    type: "add",
    csn: context.nextCsn(),
    uniqueId,
    dn: request.dn,
    attributes: toValues(set),
    parentUniqueId: parent?.uniqueId,
  });
}

const insufficientAdd = (request: AddRequest): LdapError =>
  insufficient("add", `to add the entry '${request.dn}'`);

function collect(context: WriteContext, request: AddRequest): AttributeSet {
  if (request.attributes.length === 0)
    throw new LdapError("protocolError", "An entry needs attributes");
  const set = new AttributeSet([]);
  for (const { type, values } of request.attributes) {
    const description = context.descriptions.intern(type);
    if (values.length === 0)
      throw new LdapError("protocolError", `Attribute "${type}" has no value`);
    const { key } = description.type;
    if (IGNORED_KEYS.has(key)) continue;
    if (
      description.type.noUserModification &&
      !(context.actor.isRoot && ROOT_MAY_GIVE_KEYS.has(key))
    ) {
      throw new LdapError("constraintViolation", `Attribute "${type}" is set by the server`);
    }
    set.add(description, values);
  }
  return set;
}

/** Adds what the server itself knows of a new entry; gives its unique ID. */
function stamp(context: WriteContext, set: AttributeSet): ReturnType<typeof newUniqueId> {
  const put = (type: string, value: string): void =>
    set.replace(context.descriptions.intern(type), [Buffer.from(value, "utf8")]);
  if (context.settings.lastMod) {
    const time = formatTime(context.now);
    put("creatorsName", context.actor.dn);
    put("modifiersName", context.actor.dn);
    put("createTimestamp", time);
    put("modifyTimestamp", time);
  }
  const given = set.ofType("nsuniqueid")[0];
  const uniqueId =
    given === undefined
      ? newUniqueId(context.now, context.random)
      : (given.toString("latin1").toLowerCase() as ReturnType<typeof newUniqueId>);
  put("nsUniqueId", uniqueId);
  if (set.ofType("entryuuid").length === 0) put("entryUUID", newEntryUuid(context.random));
  return uniqueId;
}

export const toValues = (set: Iterable<Attribute>): AttributeValues[] =>
  [...set].map(({ description, values }) => ({ type: description.text, values }));
