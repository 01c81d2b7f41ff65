// The change in an update request of a supplier session (replication-protocol 5.1, 5.2): operation and update information.
// DN and parent DN are only hints; the unique ID of a new superior may be missing (389 never sends it for its own).
import {
  type AddRequest,
  type Control,
  type DeleteRequest,
  type ModifyDnRequest,
  type ModifyRequest,
  ProtocolError,
  UPDATE_INFO_OID,
  decodeUpdateInfo,
  findControl,
} from "../../protocol/index.ts";
import { type Change, type UniqueId, parseUniqueId } from "../change/index.ts";

export type UpdateRequest = AddRequest | ModifyRequest | DeleteRequest | ModifyDnRequest;

/** undefined: the request has no update information. An increment is refused: suppliers send the resulting replace.
 *  Values stay views onto the received frame. @throws ProtocolError */
export function receivedChange(
  request: UpdateRequest,
  controls: readonly Control[],
): Change | undefined {
  const control = findControl(controls, UPDATE_INFO_OID);
  if (control === undefined) return undefined;
  const info = decodeUpdateInfo(control.value);
  // Spelled out below: a base that is spread into each form costs V8 a microsecond.
  const { csn } = info;
  const uniqueId = uniqueIdOf(info.uniqueId);
  const { dn, type } = request;
  const superior =
    info.superiorUniqueId === undefined ? undefined : uniqueIdOf(info.superiorUniqueId);
  switch (type) {
    case "add":
      return {
        type,
        csn,
        uniqueId,
        dn,
        attributes: request.attributes,
        parentUniqueId: superior,
      };
    case "modify":
      if (request.mods.some((mod) => mod.operation === "increment")) {
        throw new ProtocolError("Replicated modify has an increment");
      }
      return { type, csn, uniqueId, dn, mods: request.mods };
    case "delete":
      return { type, csn, uniqueId, dn };
    case "modifyDn":
      return {
        type,
        csn,
        uniqueId,
        dn,
        newRdn: request.newRdn,
        deleteOldRdn: request.deleteOldRdn,
        newSuperior: request.newSuperior,
        newSuperiorUniqueId: superior,
        mods: info.modifyDnMods ?? [],
      };
  }
}

function uniqueIdOf(text: string): UniqueId {
  const uniqueId = parseUniqueId(text);
  if (uniqueId === undefined) throw new ProtocolError("Update information has no unique ID");
  return uniqueId;
}
