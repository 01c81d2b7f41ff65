// Modify (RFC 4511 §4.6, increment: RFC 4525). The mods are tried on a copy of what the entry shows; when all can be done and
// the result is legal, the mods themselves (not the result) become the change, because replicas merge them value by value.
import { parseRdn } from "../dn/index.ts";
import {
  type AttributeDescription,
  type EntryView,
  RecordFlag,
  type StoredEntry,
} from "../entry/index.ts";
import { LdapError, type Mod, type ModifyRequest } from "../protocol/index.ts";
import { checkEntry, checkSyntax } from "../schema/index.ts";
import { AttributeSet } from "./attribute-set.ts";
import { checkAcis } from "./check-aci.ts";
import { type WriteContext, formatTime, getTarget, insufficient } from "./write-context.ts";

/** Derived by the server; accepted without effect, because administration tools send them (conflict-resolution 13.1). */
const WITHOUT_EFFECT_KEYS: ReadonlySet<string> = new Set(["nsds5replconflict", "conflictcsn"]);
const RUV_MESSAGE = "The entry of the update vector cannot be modified";

/** Modifies an entry. An empty list of mods is a success without a change (ldap-conformance 7.17).
 *  @throws LdapError noSuchObject, insufficientAccessRights, attributeOrValueExists, noSuchAttribute, notAllowedOnRdn,
 *  constraintViolation, objectClassViolation, invalidAttributeSyntax, unwillingToPerform, protocolError */
export function modifyEntry(context: WriteContext, request: ModifyRequest): void {
  const entry = getTarget(context, context.schema.normalizeDnText(request.dn), (unseen) => {
    const refused = request.mods.find(({ type }) => !mayWriteType(context, unseen, type));
    return refused && insufficientWrite(refused, unseen);
  });
  if (entry.isRuvEntry) throw new LdapError("unwillingToPerform", RUV_MESSAGE);
  if ((entry.flags & RecordFlag.tombstone) !== 0) {
    throw new LdapError("unwillingToPerform", "A tombstone cannot be modified");
  }
  const refusal = context.refusal(entry, "modify");
  if (refusal !== undefined) throw new LdapError("unwillingToPerform", refusal);
  if (request.mods.length === 0) return;
  const set = new AttributeSet(entry.stored());
  const mods = request.mods.map((mod) => tryMod(context, entry, set, mod));
  checkRdn(context, entry, set);
  checkResult(context, set);
  context.apply({
    type: "modify",
    csn: context.nextCsn(),
    uniqueId: entry.uniqueId,
    dn: entry.dn,
    mods: [...mods, ...lastMods(context)],
  });
}

/** Classes and required attributes are a matter of the whole entry. Of the values, those are looked at that the operation brings, as
 *  in 389: what came from elsewhere and is in nobody's way does not hinder it. */
function checkResult({ schema, settings }: WriteContext, set: AttributeSet): void {
  checkEntry(schema, [...set], { ...settings, syntaxCheck: false });
  if (!settings.syntaxCheck) return;
  for (const { description, values } of set.newAttributes()) checkSyntax(description.type, values);
}

/** The two mods that every change by a client carries last. */
export function lastMods(context: WriteContext): Mod[] {
  if (!context.settings.lastMod) return [];
  const replace = (type: string, value: string): Mod => ({
    operation: "replace",
    type,
    values: [Buffer.from(value, "utf8")],
  });
  return [
    replace("modifiersname", context.actor.dn),
    replace("modifytimestamp", formatTime(context.now)),
  ];
}

/** Does one mod on the copy; gives it in the form in which it is logged. */
function tryMod(context: WriteContext, entry: StoredEntry, set: AttributeSet, mod: Mod): Mod {
  const description = context.descriptions.intern(mod.type);
  checkMod(context, entry, description, mod);
  if (WITHOUT_EFFECT_KEYS.has(description.type.key)) return mod;
  switch (mod.operation) {
    case "add":
      if (mod.values.length === 0)
        throw new LdapError("protocolError", `Nothing to add to "${mod.type}"`);
      set.add(description, mod.values);
      return mod;
    case "delete":
      if (mod.values.length > 0) set.delete(description, mod.values);
      else set.deleteAll(description);
      return mod;
    case "replace":
      set.replace(description, mod.values);
      return mod;
    case "increment": {
      const values = incremented(description, set.values(description), mod);
      set.replace(description, values);
      return { operation: "replace", type: mod.type, values };
    }
  }
}

function checkMod(
  context: WriteContext,
  entry: StoredEntry,
  description: AttributeDescription,
  mod: Mod,
): void {
  const { type } = description;
  if (!mayWrite(context, entry, description, mod)) {
    throw insufficientWrite(mod, entry);
  }
  if (type.key === "aci" && mod.operation !== "delete") {
    checkAcis(context.schema, entry.normalDn, mod.values);
  }
  if (type.noUserModification && !WITHOUT_EFFECT_KEYS.has(type.key)) {
    throw new LdapError(
      "unwillingToPerform",
      `Attribute "${mod.type}" is set by the server and cannot be modified`,
    );
  }
  if (type.key === "objectclass" && (mod.operation === "replace" || mod.values.length === 0)) {
    const refusal = context.refusal(entry, "replaceClasses");
    if (refusal !== undefined) throw new LdapError("unwillingToPerform", refusal);
  }
}

const insufficientWrite = (mod: Mod, entry: EntryView): LdapError =>
  insufficient("write", `to the '${mod.type}' attribute of entry '${entry.normalDn}'`);

function mayWriteType(
  { access, descriptions }: WriteContext,
  entry: EntryView,
  name: string,
): boolean {
  const { type, options } = descriptions.intern(name);
  return access.mayAttribute(entry, "write", type, options);
}

/** Every value that goes or comes must be allowed; without any, the attribute itself. */
function mayWrite(
  context: WriteContext,
  entry: StoredEntry,
  description: AttributeDescription,
  mod: Mod,
): boolean {
  const { access } = context;
  const { type, options } = description;
  const present = (): readonly Buffer[] =>
    [...entry.stored()].find((attribute) => attribute.description === description)?.values ?? [];
  const comes = mod.operation === "delete" || mod.operation === "increment" ? [] : mod.values;
  const goes =
    mod.operation === "delete" && mod.values.length > 0
      ? mod.values
      : mod.operation === "add"
        ? []
        : present();
  if (comes.length + goes.length === 0) return access.mayAttribute(entry, "write", type, options);
  const allowed = (kind: "add" | "delete") => (value: Buffer) =>
    access.mayChange(entry, { kind, value }, type, options);
  return comes.every(allowed("add")) && goes.every(allowed("delete"));
}

const INTEGER_TEXT = /^-?\d{1,400}$/;

function incremented(
  description: AttributeDescription,
  values: readonly Buffer[],
  mod: Mod,
): Buffer[] {
  const [by] = mod.values;
  if (mod.values.length !== 1 || by === undefined || !INTEGER_TEXT.test(by.toString("latin1"))) {
    throw new LdapError("protocolError", `An increment of "${mod.type}" needs one integer`);
  }
  if (values.length === 0) {
    throw new LdapError("noSuchAttribute", `The entry has no attribute "${description.text}"`);
  }
  return values.map((value) => {
    const text = value.toString("latin1");
    if (!INTEGER_TEXT.test(text)) {
      throw new LdapError(
        "constraintViolation",
        `Attribute "${description.text}" is not an integer`,
      );
    }
    return Buffer.from(String(BigInt(text) + BigInt(by.toString("latin1"))), "latin1");
  });
}

/** Values of the RDN stay (RFC 4511 §4.6). */
function checkRdn(context: WriteContext, entry: StoredEntry, set: AttributeSet): void {
  if (entry.parentId === 0) {
    return checkRdnValues(context, set, parseRdn(entry.rdn.slice(0, firstRdnEnd(entry.rdn))));
  }
  checkRdnValues(context, set, parseRdn(entry.rdn));
}

/** The suffix entry stands under its whole DN: its RDN is what comes before the first unescaped comma. */
function firstRdnEnd(dn: string): number {
  for (let at = 0; at < dn.length; at += 1) {
    if (dn[at] === "\\") at += 1;
    else if (dn[at] === ",") return at;
  }
  return dn.length;
}

function checkRdnValues(
  context: WriteContext,
  set: AttributeSet,
  rdn: ReturnType<typeof parseRdn>,
): void {
  for (const ava of rdn) {
    const description = context.descriptions.intern(ava.type);
    if (description.type.key === "nsuniqueid" || !set.changed.has(description)) continue;
    if (!set.has(description, ava.value)) {
      throw new LdapError(
        "notAllowedOnRdn",
        `A value of "${description.text}" is part of the name of the entry`,
      );
    }
  }
}
