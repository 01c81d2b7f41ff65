// LDIF records as values (RFC 2849). The words are those of LDAP requests, so that a change record is nearly one.
import type { AttributeValues, Control, Mod } from "../protocol/index.ts";

interface LdifRecordBase {
  /** Of the `dn:` line, counted from 1. */
  readonly line: number;
  readonly dn: string;
}

/** An entry. Values of one attribute description (whatever the case) stand together, in order of first appearance. */
export interface LdifContentRecord extends LdifRecordBase {
  readonly type: "content";
  readonly attributes: readonly AttributeValues[];
}

interface LdifChangeBase extends LdifRecordBase {
  readonly controls: readonly Control[];
}

export interface LdifAddRecord extends LdifChangeBase {
  readonly type: "add";
  readonly attributes: readonly AttributeValues[];
}

export interface LdifDeleteRecord extends LdifChangeBase {
  readonly type: "delete";
}

export interface LdifModifyRecord extends LdifChangeBase {
  readonly type: "modify";
  readonly mods: readonly Mod[];
}

export interface LdifModifyDnRecord extends LdifChangeBase {
  readonly type: "modifyDn";
  readonly newRdn: string;
  readonly deleteOldRdn: boolean;
  readonly newSuperior: string | undefined;
}

export type LdifChangeRecord =
  | LdifAddRecord
  | LdifDeleteRecord
  | LdifModifyRecord
  | LdifModifyDnRecord;

export type LdifRecord = LdifContentRecord | LdifChangeRecord;

/** A record that cannot be read; the reader goes on with the next one. */
export interface LdifInvalidRecord {
  readonly type: "invalid";
  readonly line: number;
  /** undefined when the `dn:` line itself is wrong. */
  readonly dn: string | undefined;
  readonly error: LdifError;
}

/** `line` is where the fault lies, counted from 1. */
export class LdifError extends Error {
  override readonly name = "LdifError";
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}
