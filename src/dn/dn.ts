// Distinguished names as values (RFC 4514), without any knowledge of schema: types and values stand as they were written.
// Comparison needs the schema: see `normalizeDn` in the schema room.

/** Attribute value assertion: one `type=value`. */
export interface Ava {
  /** As written, without the historic `OID.` prefix: a descriptor or a numeric OID. */
  readonly type: string;
  /** The bytes that the string form stands for; empty for `cn=`. */
  readonly value: Buffer;
}

/** At least one assertion; more than one for `cn=a+ou=b`. */
export type Rdn = readonly Ava[];

/** Leaf first; no RDN at all for the empty DN (root DSE). */
export type Dn = readonly Rdn[];

/** The text is no DN. `offset` counts UTF-16 units from its start. */
export class DnSyntaxError extends Error {
  override readonly name = "DnSyntaxError";
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}
