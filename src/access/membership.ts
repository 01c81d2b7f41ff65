// Group membership by looking at group entries: static groups (member, uniqueMember), nested ones, and dynamic groups
// (memberURL). The cost is that of reading the member values of each group that is visited; a store with an index on the
// member attributes can answer faster.
import type { EntryView } from "../entry/index.ts";
import type { Schema } from "../schema/index.ts";
import { isSelected, parseEntrySelector } from "./entry-selector.ts";
import { GROUP_DEPTH_MAX, GROUPS_VISITED_MAX } from "./limits.ts";

const MEMBER_ATTRIBUTES = ["member", "uniqueMember"];
const URL_ATTRIBUTE = "memberURL";

export interface MembershipOptions {
  readonly schema: Schema;
  readonly find: (normalDn: string) => EntryView | undefined;
  /** Groups within groups that are followed. */
  readonly depthMax?: number;
}

/** Is the user a member of the group? Cycles among groups are harmless; what does not exist has no members. */
export function isGroupMember(group: string, user: string, options: MembershipOptions): boolean {
  const { schema, find, depthMax = GROUP_DEPTH_MAX } = options;
  const wanted = Buffer.from(user, "utf8");
  const types = MEMBER_ATTRIBUTES.map((name) => schema.attributeType(name));
  const urlType = schema.attributeType(URL_ATTRIBUTE);
  const visited = new Set([group]);
  let level = [group];
  for (let depth = 0; depth <= depthMax && level.length > 0; depth += 1) {
    const below: string[] = [];
    for (const dn of level) {
      const entry = find(dn);
      if (entry === undefined) continue;
      for (const type of types) {
        for (const value of entry.values(type)) {
          const member = type.normalize(value);
          if (member.equals(wanted)) return true;
          const memberDn = member.toString("utf8");
          if (visited.has(memberDn) || visited.size >= GROUPS_VISITED_MAX) continue;
          visited.add(memberDn);
          below.push(memberDn);
        }
      }
      if (isDynamicMember(entry.values(urlType), user, options)) return true;
    }
    level = below;
  }
  return false;
}

function isDynamicMember(
  urls: readonly Buffer[],
  user: string,
  { schema, find }: MembershipOptions,
): boolean {
  if (urls.length === 0) return false;
  const entry = find(user);
  if (entry === undefined) return false;
  return urls.some((url) => {
    const selector = parseEntrySelector(url.toString("utf8"), schema);
    return typeof selector !== "string" && isSelected(selector, entry);
  });
}
