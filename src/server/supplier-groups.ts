// Who may supply a replica: its bind DNs and the members of its bind DN groups. Groups are looked up at every Start.
// nsDS5ReplicaBindDnGroupCheckInterval says how old the list of members may be that 389 keeps; here nothing is kept.
import { isGroupMember } from "../access/index.ts";
import type { ReplicaSettings } from "../config/index.ts";
import type { Backend } from "../store/index.ts";
import type { Directory } from "./directory.ts";

export function maySupply(
  directory: Directory,
  { normalBindDns, normalBindDnGroups }: ReplicaSettings,
  bindDn: string,
): boolean {
  if (bindDn === "") return false;
  if (normalBindDns.includes(bindDn) || normalBindDnGroups.includes(bindDn)) return true;
  const { schema } = directory;
  directory.kv.renew();
  const find = (normalDn: string): ReturnType<Backend["reader"]["entry"]> => {
    const target = directory.route(normalDn);
    if (target.kind !== "suffix") return undefined;
    const id = target.backend?.reader.idOfDn(normalDn);
    return id === undefined ? undefined : target.backend?.reader.entry(id);
  };
  return normalBindDnGroups.some((group) => isGroupMember(group, bindDn, { schema, find }));
}
