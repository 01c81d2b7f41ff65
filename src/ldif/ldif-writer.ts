// Records as LDIF bytes (RFC 2849): base64 where a value is not a SAFE-STRING, and where it ends with a blank (so that editors
// cannot lose it); lines folded. Every record ends with an empty line.
import type { AttributeValues, Control, Mod } from "../protocol/index.ts";
import type { LdifChangeRecord, LdifRecord } from "./record.ts";

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const LESS = 0x3c;

/** Columns of a physical line. */
export const LDIF_FOLD_COLUMNS = 76;
const BUFFER_BYTES_FIRST = 4096;

export interface LdifEncodeOptions {
  /** false: one line a value, however long (389's nsNoWrap). */
  readonly fold?: boolean;
}

/** Of a logical line of `total` bytes with its line ends. */
const foldedBytesMax = (total: number): number =>
  total + 2 * Math.ceil(total / (LDIF_FOLD_COLUMNS - 1)) + 2;

function isSafe(bytes: Buffer, start: number, end: number): boolean {
  const first = bytes[start];
  if (first === SPACE || first === COLON || first === LESS) return false;
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i]!;
    if (byte >= 0x80 || byte === LF || byte === CR || byte === 0) return false;
  }
  return bytes[end - 1] !== SPACE;
}

/** Growing buffer that records are written into; one a file, emptied by `take`. */
export class LdifWriter {
  readonly #fold: boolean;
  #bytes = Buffer.allocUnsafe(BUFFER_BYTES_FIRST);
  #length = 0;

  constructor(options: LdifEncodeOptions = {}) {
    this.#fold = options.fold ?? true;
  }

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.#length;
  }

  /** What was written, as a copy that the caller owns. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  /** What was written, lent until more is written. */
  lend(): Buffer {
    const lent = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return lent;
  }

  /** Whole lines of ASCII, as they are. */
  writeText(text: string): void {
    this.#reserve(text.length);
    this.#length += this.#bytes.write(text, this.#length, "latin1");
  }

  writeValue(name: string, value: Buffer): void {
    if (value.length === 0) this.#writeLine(`${name}:`, value);
    else if (isSafe(value, 0, value.length)) this.#writeLine(`${name}: `, value);
    else this.#writeLine(`${name}:: `, Buffer.from(value.toString("base64"), "latin1"));
  }

  writeEmptyLine(): void {
    this.#reserve(1);
    this.#bytes[this.#length] = LF;
    this.#length += 1;
  }

  writeAttributes(attributes: readonly AttributeValues[]): void {
    for (const { type, values } of attributes) {
      for (const value of values) this.writeValue(type, value);
    }
  }

  writeRecord(record: LdifRecord): void {
    this.#writeLineOfText("dn", record.dn);
    if (record.type === "content") this.writeAttributes(record.attributes);
    else this.#writeChange(record);
    this.writeEmptyLine();
  }

  #writeChange(record: LdifChangeRecord): void {
    for (const control of record.controls) this.#writeControl(control);
    switch (record.type) {
      case "add":
        this.writeText("changetype: add\n");
        this.writeAttributes(record.attributes);
        return;
      case "delete":
        this.writeText("changetype: delete\n");
        return;
      case "modify":
        this.writeText("changetype: modify\n");
        for (const mod of record.mods) this.#writeMod(mod);
        return;
      case "modifyDn":
        this.writeText("changetype: modrdn\n");
        this.#writeLineOfText("newrdn", record.newRdn);
        this.writeText(`deleteoldrdn: ${record.deleteOldRdn ? 1 : 0}\n`);
        if (record.newSuperior !== undefined)
          this.#writeLineOfText("newsuperior", record.newSuperior);
        return;
    }
  }

  #writeMod(mod: Mod): void {
    this.#writeLineOfText(mod.operation, mod.type);
    for (const value of mod.values) this.writeValue(mod.type, value);
    this.writeText("-\n");
  }

  #writeControl(control: Control): void {
    const head = `control: ${control.oid} ${control.critical ? "true" : "false"}`;
    if (control.value === undefined) this.#writeLine(head, Buffer.alloc(0));
    else this.writeValue(head, control.value);
  }

  #writeLineOfText(name: string, text: string): void {
    this.writeValue(name, Buffer.from(text, "utf8"));
  }

  /** `head` and `tail` as one logical line. */
  #writeLine(head: string, tail: Buffer): void {
    const total = head.length + tail.length;
    const start = this.#beginLine(total);
    const tailAt = start + this.#bytes.write(head, start, "latin1");
    tail.copy(this.#bytes, tailAt);
    this.#endLine(start, total);
  }

  /** Makes room for a logical line of `total` bytes and gives its place. */
  #beginLine(total: number): number {
    this.#reserve(foldedBytesMax(total));
    return this.#length;
  }

  #endLine(start: number, total: number): void {
    this.#length = start + total;
    if (this.#fold && total > LDIF_FOLD_COLUMNS) this.#foldFrom(start, total);
    this.#bytes[this.#length] = LF;
    this.#length += 1;
  }

  /** Folds the line of `total` bytes at `start` in place, from its end, so that each byte moves once. */
  #foldFrom(start: number, total: number): void {
    const rest = LDIF_FOLD_COLUMNS - 1;
    const folds = Math.ceil((total - LDIF_FOLD_COLUMNS) / rest);
    for (let fold = folds; fold >= 1; fold -= 1) {
      const from = start + LDIF_FOLD_COLUMNS + (fold - 1) * rest;
      const to = fold === folds ? start + total : from + rest;
      const target = from + 2 * fold;
      this.#bytes.copyWithin(target, from, to);
      this.#bytes[target - 2] = LF;
      this.#bytes[target - 1] = SPACE;
    }
    this.#length += 2 * folds;
  }

  #reserve(count: number): void {
    const wanted = this.#length + count;
    if (wanted <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(wanted, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** One record as bytes. */
export function encodeLdifRecord(record: LdifRecord, options: LdifEncodeOptions = {}): Buffer {
  const writer = new LdifWriter(options);
  writer.writeRecord(record);
  return writer.take();
}
