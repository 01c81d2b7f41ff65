// Structural operations: add, delete, modrdn, and revive, a modify that deletes the value `glue` of objectClass
// (conflict-resolution 13.1). The structure log keeps them without attribute payload.
import type { Change, UniqueId } from "../change/index.ts";
import type { Csn } from "../csn/index.ts";

interface StructuralBase {
  readonly csn: Csn;
  readonly uniqueId: UniqueId;
  /** As the client gave it. */
  readonly dn: string;
}
export type StructuralOperation =
  | (StructuralBase & { readonly kind: "add"; readonly parent: UniqueId | undefined })
  | (StructuralBase & { readonly kind: "delete" })
  | (StructuralBase & { readonly kind: "revive" })
  | (StructuralBase & {
      readonly kind: "modrdn";
      readonly newRdn: string;
      readonly deleteOldRdn: boolean;
      readonly newSuperior: string | undefined;
      readonly newSuperiorUniqueId: UniqueId | undefined;
    });

/** The structural part of a change; undefined when it has none. */
export function structuralOperation(change: Change): StructuralOperation | undefined {
  const { csn, uniqueId, dn } = change;
  switch (change.type) {
    case "add":
      return { kind: "add", csn, uniqueId, dn, parent: change.parentUniqueId };
    case "delete":
      return { kind: "delete", csn, uniqueId, dn };
    case "modify":
      return revives(change) ? { kind: "revive", csn, uniqueId, dn } : undefined;
    case "modifyDn":
      return {
        kind: "modrdn",
        csn,
        uniqueId,
        dn,
        newRdn: change.newRdn,
        deleteOldRdn: change.deleteOldRdn,
        newSuperior: change.newSuperior,
        newSuperiorUniqueId: change.newSuperiorUniqueId,
      };
  }
}

const OBJECT_CLASS = /^(?:objectclass|2\.5\.4\.0)$/i;

/** A delete by value of `glue` from objectClass; a replace or a delete of the whole attribute never revives. */
function revives(change: Change & { type: "modify" }): boolean {
  return change.mods.some(
    ({ operation, type, values }) =>
      operation === "delete" &&
      OBJECT_CLASS.test(type) &&
      values.some((value) => value.toString("latin1").trim().toLowerCase() === "glue"),
  );
}
