// Compare (RFC 4511 §4.10).
import type { EntryView } from "../entry/index.ts";
import { type CompareRequest, LdapError } from "../protocol/index.ts";
import type { Schema } from "../schema/index.ts";
import type { Access } from "./access-port.ts";

/** Does the entry have the asserted value? Passwords are compared as stored bytes; the dispatcher verifies hashes itself.
 *  @throws LdapError insufficientAccessRights, noSuchAttribute, inappropriateMatching, invalidAttributeSyntax */
export function compareEntry(
  entry: EntryView,
  request: CompareRequest,
  schema: Schema,
  access: Access,
): boolean {
  const type = schema.attributeType(request.attribute.split(";")[0] as string);
  if (!access.mayAttribute(entry, "compare", type))
    throw new LdapError("insufficientAccessRights", "");
  const isThere = entry.hasBytes?.(type, request.value) === true;
  if (!isThere && entry.values(type).length === 0)
    throw new LdapError("noSuchAttribute", `The entry has no attribute "${request.attribute}"`);
  if (type.equality !== undefined && type.equality.normalize(request.value) === undefined) {
    throw new LdapError(
      "invalidAttributeSyntax",
      `The asserted value does not fit "${request.attribute}"`,
    );
  }
  // Mostly it is spelled as it is stored, and then the others are not looked at.
  if (isThere) return true;
  const wanted = type.normalize(request.value);
  return entry.values(type).some((value) => type.normalize(value).equals(wanted));
}
