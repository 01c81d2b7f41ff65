// A change as the request that is sent for it (replication-protocol 5.1, 5.2): the operation as the client gave it, addressed by
// the DN of that time, with ManageDsaIT first and the update information second. The unique ID in there decides.
import {
  type Control,
  MANAGE_DSA_IT_CONTROL,
  type Request,
  updateInfoControl,
} from "../../protocol/index.ts";
import type { Change } from "../change/index.ts";

export interface ChangeRequest {
  readonly request: Request;
  readonly controls: readonly Control[];
}

export function requestOfChange(change: Change): ChangeRequest {
  const info = updateInfoControl({
    uniqueId: change.uniqueId,
    csn: change.csn,
    superiorUniqueId: superiorOf(change),
    modifyDnMods: change.type === "modifyDn" ? change.mods : undefined,
  });
  return { request: operationOf(change), controls: [MANAGE_DSA_IT_CONTROL, info] };
}

function superiorOf(change: Change): string | undefined {
  if (change.type === "add") return change.parentUniqueId;
  return change.type === "modifyDn" ? change.newSuperiorUniqueId : undefined;
}

function operationOf(change: Change): Request {
  const { dn } = change;
  switch (change.type) {
    case "add":
      return { type: "add", dn, attributes: change.attributes };
    case "modify":
      return { type: "modify", dn, mods: change.mods };
    case "delete":
      return { type: "delete", dn };
    case "modifyDn":
      return {
        type: "modifyDn",
        dn,
        newRdn: change.newRdn,
        deleteOldRdn: change.deleteOldRdn,
        newSuperior: change.newSuperior,
      };
  }
}
