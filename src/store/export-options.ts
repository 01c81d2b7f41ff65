// What an export of a backend writes, and how.
import type { EntryId } from "../entry/index.ts";

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

export const VERSION_LINE = "version: 1\n\n";

export const entryIdComment = (id: EntryId): string => `# entry-id: ${id}\n`;
