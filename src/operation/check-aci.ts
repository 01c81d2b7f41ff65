// Access rules that a client writes are read before they are stored, so that none is without effect unnoticed (389: acl.c,
// acl_verify_aci_syntax).
import { parseAci } from "../access/index.ts";
import type { Schema } from "../schema/index.ts";

/** @param holder normal DN of the entry that will hold the rules
 *  @throws LdapError invalidAttributeSyntax for a rule that cannot be read or whose target lies elsewhere */
export function checkAcis(schema: Schema, holder: string, values: readonly Buffer[]): void {
  for (const value of values) parseAci(value.toString("utf8"), schema, { holder });
}
