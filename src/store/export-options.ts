// What an export of a backend writes, and how.

export interface LdifExportOptions {
  readonly withState: boolean;
  readonly wrapLines?: boolean;
  readonly withVersionLine?: boolean;
  readonly withUniqueIds?: boolean;
  /** A comment with the ID before each entry. */
  readonly withEntryIds?: boolean;
  /** Which entries are meant, by normal DN; all unless given. */
  readonly covers?: (normalDn: string) => boolean;
  /** Called for each entry that is written. */
  readonly onEntry?: () => void;
}
