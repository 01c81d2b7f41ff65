// Modify DN (RFC 4511 §4.9): a new RDN, a new superior, or both; a whole subtree moves with its top entry.
import { formatRdn, parseDn, parseRdn, type Rdn } from "../dn/index.ts";
import { type EntryView, RecordFlag, type StoredEntry } from "../entry/index.ts";
import { LdapError, type ModifyDnRequest } from "../protocol/index.ts";
import { checkEntry } from "../schema/index.ts";
import { AttributeSet } from "./attribute-set.ts";
import { lastMods } from "./modify.ts";
import { type WriteContext, getTarget, insufficient, noSuchObject } from "./write-context.ts";

/** Renames or moves an entry.
 *  @throws LdapError noSuchObject, invalidDnSyntax, insufficientAccessRights, entryAlreadyExists, unwillingToPerform,
 *  objectClassViolation, invalidAttributeSyntax, affectsMultipleDsas */
export function modifyDn(context: WriteContext, request: ModifyDnRequest): void {
  const { schema, store } = context;
  const newRdn = parseRdn(request.newRdn);
  const oldRdn = parseDn(request.dn)[0] ?? [];
  const entry = getTarget(context, schema.normalizeDnText(request.dn), (unseen) =>
    findRdnRefusal(context, unseen, [newRdn, oldRdn]),
  );
  if (entry.parentId === 0)
    throw new LdapError("unwillingToPerform", "The suffix entry cannot be renamed");
  if (entry.isRuvEntry || (entry.flags & RecordFlag.tombstone) !== 0) {
    throw new LdapError("unwillingToPerform", "A tombstone cannot be renamed");
  }
  const refusal = context.refusal(entry, "rename");
  if (refusal !== undefined) throw new LdapError("unwillingToPerform", refusal);
  const superior =
    request.newSuperior === undefined
      ? undefined
      : findSuperior(context, entry, request.newSuperior);
  checkAccess(context, entry, newRdn, superior);
  const parentId = superior?.id ?? entry.parentId;
  const taken = store.childByName(parentId, schema.normalizeRdn(newRdn));
  if (taken !== undefined && taken !== entry.id) throw new LdapError("entryAlreadyExists", "");
  checkResult(context, entry, newRdn, request.deleteOldRdn);
  context.apply({
    type: "modifyDn",
    csn: context.nextCsn(),
    uniqueId: entry.uniqueId,
    dn: entry.dn,
    newRdn: formatRdn(newRdn),
    deleteOldRdn: request.deleteOldRdn,
    newSuperior: superior?.dn,
    newSuperiorUniqueId: superior?.uniqueId,
    mods: lastMods(context),
  });
}

function findSuperior(context: WriteContext, entry: StoredEntry, dn: string): StoredEntry {
  const { schema, store } = context;
  const normalDn = schema.normalizeDnText(dn);
  if (normalDn !== store.suffix && !normalDn.endsWith(`,${store.suffix}`)) {
    throw new LdapError("affectsMultipleDsas", "The new superior lies in another naming context");
  }
  const id = store.idOfDn(normalDn);
  if (id === undefined) {
    throw noSuchObject(context, normalDn, (unseen) =>
      context.access.mayMove(entry, unseen) ? undefined : insufficientMove(entry),
    );
  }
  if (store.isAncestor(entry.id, id)) {
    throw new LdapError(
      "unwillingToPerform",
      "The new superior is the entry itself or lies below it",
    );
  }
  const superior = store.getEntry(id);
  const refusal = context.refusal(superior, "parent");
  if (refusal !== undefined) throw new LdapError("unwillingToPerform", refusal);
  return superior;
}

/** Renaming needs write on what stands in the old and in the new RDN. */
function findRdnRefusal(
  { access, schema }: WriteContext,
  entry: EntryView,
  rdns: readonly Rdn[],
): LdapError | undefined {
  for (const { type } of rdns.flat()) {
    if (type.toLowerCase() === "nsuniqueid") continue;
    if (!access.mayAttribute(entry, "write", schema.attributeType(type))) {
      return insufficient("write", `to the '${type}' attribute of entry '${entry.normalDn}'`);
    }
  }
  return undefined;
}

function checkAccess(
  context: WriteContext,
  entry: StoredEntry,
  newRdn: Rdn,
  superior: StoredEntry | undefined,
): void {
  const refusal = findRdnRefusal(context, entry, [newRdn, parseRdn(entry.rdn)]);
  if (refusal !== undefined) throw refusal;
  if (superior === undefined || superior.id === entry.parentId) return;
  if (!context.access.mayMove(entry, superior)) throw insufficientMove(entry);
}

const insufficientMove = (entry: EntryView): LdapError =>
  insufficient("moddn", `to move the entry '${entry.normalDn}'`);

/** The entry as it would be after the rename must still fit the schema. */
function checkResult(
  context: WriteContext,
  entry: StoredEntry,
  newRdn: Rdn,
  deleteOld: boolean,
): void {
  const { descriptions, schema } = context;
  const set = new AttributeSet(entry.stored());
  const stays = new Set(newRdn.map((ava) => schema.normalizeRdn([ava])));
  for (const ava of deleteOld ? parseRdn(entry.rdn) : []) {
    const description = descriptions.intern(ava.type);
    const isId = description.type.key === "nsuniqueid";
    if (!isId && !stays.has(schema.normalizeRdn([ava])) && set.has(description, ava.value)) {
      set.delete(description, [ava.value]);
    }
  }
  for (const ava of newRdn) {
    const description = descriptions.intern(ava.type);
    if (set.has(description, ava.value)) continue;
    if (description.type.singleValue) set.replace(description, [ava.value]);
    else set.add(description, [ava.value]);
  }
  checkEntry(schema, [...set], context.settings);
}
