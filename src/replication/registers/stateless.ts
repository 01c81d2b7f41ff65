// Attributes that carry no registers: they are computed, belong to this server alone, or are derived from the structure
// (conflict-resolution 2, 7.1, 13.1, 13.3). Mods of them have no effect on an entry's state.

const STATELESS_TYPES: ReadonlySet<string> = new Set([
  "nsuniqueid",
  "entryid",
  "parentid",
  "numsubordinates",
  "tombstonenumsubordinates",
  "hassubordinates",
  "dsentrydn",
  "entrydn",
  "subschemasubentry",
  "nscpentrywsi",
  // Derived from the structure:
  "nsds5replconflict",
  "conflictcsn",
  "nscpentrydn",
  "nsparentuniqueid",
  "nstombstonecsn",
]);

/** `typeKey` is the type's name in lower case, without options. */
export const isStateless = (typeKey: string): boolean => STATELESS_TYPES.has(typeKey);
