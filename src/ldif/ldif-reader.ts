// Streaming reader of LDIF (RFC 2849): chunks of bytes in, records out. Lines end with LF or CR LF, a line that starts with a
// blank continues the one before (also within a UTF-8 character), `#` starts a comment that may be continued too, one or more
// empty lines end a record. Raw UTF-8 values are taken although the RFC wants base64 for them.
//
// Invariant: `#physical` holds the pieces of a physical line whose end has not been seen, `#logical` is the beginning of the line
// being unfolded and `#more` what continues it, `#record` the finished lines of the record being collected.
import { assert } from "../base/index.ts";
import { LDIF_LINE_BYTES_MAX, LDIF_RECORD_LINES_MAX } from "./limits.ts";
import { type LdifLine, parseLine, type ReadUrl } from "./parse-line.ts";
import { findDn, parseRecord } from "./parse-record.ts";
import { LdifError, type LdifInvalidRecord, type LdifRecord } from "./record.ts";

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const SHARP = 0x23;

const VERSION = "version:";

export interface LdifReaderOptions {
  /** Without it a `name:< url` line makes its record invalid. */
  readonly readUrl?: ReadUrl;
}

function unfolded({ bytes, start, end, line }: LdifLine, more: readonly Buffer[]): LdifLine {
  const joined = Buffer.concat([bytes.subarray(start, end), ...more]);
  return { bytes: joined, start: 0, end: joined.length, line };
}

export class LdifReader {
  readonly #readUrl: ReadUrl | undefined;
  #physical: Buffer[] = [];
  #physicalBytes = 0;
  #logical: LdifLine | undefined;
  #more: Buffer[] = [];
  #logicalBytes = 0;
  #record: LdifLine[] = [];
  #recordError: LdifError | undefined;
  #line = 0;
  #sawRecord = false;
  #records: (LdifRecord | LdifInvalidRecord)[] = [];

  constructor(options: LdifReaderOptions = {}) {
    this.#readUrl = options.readUrl;
  }

  /** The records that end within the chunk. Their values may share memory with it: the chunk must not be overwritten while
   *  they are in use. */
  feed(chunk: Buffer): readonly (LdifRecord | LdifInvalidRecord)[] {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LF, start);
      if (end < 0) break;
      this.#endPhysical(chunk, start, end);
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return this.#takeRecords();
  }

  /** The records that the end of the input ends. */
  end(): readonly (LdifRecord | LdifInvalidRecord)[] {
    if (this.#physical.length > 0) this.#endPhysical(Buffer.alloc(0), 0, 0);
    this.#endLogical();
    this.#endRecord();
    return this.#takeRecords();
  }

  /** Lines that have been read, or passed over. */
  get line(): number {
    return this.#line;
  }

  /** Counts lines of whole records, with the empty ones after them, that somebody else has read between two records. */
  passOver(lines: number): void {
    assert(
      this.#physical.length === 0 && this.#logical === undefined && this.#record.length === 0,
      "the reader is between two records",
    );
    this.#line += lines;
    this.#sawRecord = true;
  }

  #takeRecords(): readonly (LdifRecord | LdifInvalidRecord)[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }

  #keep(piece: Buffer): void {
    this.#physicalBytes += piece.length;
    if (this.#physicalBytes > LDIF_LINE_BYTES_MAX) {
      this.#recordError ??= new LdifError("Line is too long", this.#line + 1);
      return;
    }
    this.#physical.push(piece);
  }

  /** chunk[from, to) is what comes before the LF. */
  #endPhysical(chunk: Buffer, from: number, to: number): void {
    let bytes = chunk;
    let start = from;
    let end = to;
    if (this.#physical.length > 0) {
      this.#physical.push(chunk.subarray(from, to));
      bytes = Buffer.concat(this.#physical);
      start = 0;
      end = bytes.length;
      this.#physical = [];
    }
    this.#physicalBytes = 0;
    this.#line += 1;
    if (end > start && bytes[end - 1] === CR) end -= 1;
    if (end > start && bytes[start] === SPACE) this.#continueLogical(bytes, start + 1, end);
    else this.#startLogical(bytes, start, end);
  }

  #startLogical(bytes: Buffer, start: number, end: number): void {
    this.#endLogical();
    if (start === end) {
      this.#endRecord();
      return;
    }
    this.#logical = { bytes, start, end, line: this.#line };
    this.#logicalBytes = end - start;
  }

  #continueLogical(bytes: Buffer, start: number, end: number): void {
    if (this.#logical === undefined) {
      this.#recordError ??= new LdifError("Line continues nothing", this.#line);
      return;
    }
    this.#logicalBytes += end - start;
    if (this.#logicalBytes > LDIF_LINE_BYTES_MAX) {
      this.#recordError ??= new LdifError("Line is too long", this.#logical.line);
      return;
    }
    this.#more.push(bytes.subarray(start, end));
  }

  #endLogical(): void {
    if (this.#logical === undefined) return;
    const line = this.#more.length === 0 ? this.#logical : unfolded(this.#logical, this.#more);
    this.#logical = undefined;
    if (this.#more.length > 0) this.#more = [];
    if (line.bytes[line.start] === SHARP) return;
    if (!this.#sawRecord && this.#record.length === 0 && this.#takeVersion(line)) return;
    if (this.#record.length >= LDIF_RECORD_LINES_MAX) {
      this.#recordError ??= new LdifError("Record has too many lines", line.line);
      return;
    }
    this.#record.push(line);
  }

  /** Whether the line is the version line; only version 1 exists. */
  #takeVersion(line: LdifLine): boolean {
    const { bytes, start, end } = line;
    const head = bytes.toString("latin1", start, Math.min(start + VERSION.length, end));
    if (head.toLowerCase() !== VERSION) return false;
    const { value } = parseLine(line, undefined);
    if (value.toString("latin1").trim() !== "1") {
      this.#recordError ??= new LdifError("LDIF version is not 1", line.line);
    }
    return true;
  }

  #endRecord(): void {
    const lines = this.#record;
    const error = this.#recordError;
    if (lines.length === 0 && error === undefined) return;
    this.#record = [];
    this.#recordError = undefined;
    this.#sawRecord = true;
    if (error === undefined) this.#records.push(this.#parse(lines));
    else this.#pushInvalid(lines, error);
  }

  #parse(lines: readonly LdifLine[]): LdifRecord | LdifInvalidRecord {
    try {
      return parseRecord(lines, this.#readUrl);
    } catch (error) {
      if (!(error instanceof LdifError)) throw error;
      return { type: "invalid", line: lines[0]!.line, dn: findDn(lines), error };
    }
  }

  #pushInvalid(lines: readonly LdifLine[], error: LdifError): void {
    const line = lines[0]?.line ?? error.line;
    this.#records.push({ type: "invalid", line, dn: findDn(lines), error });
  }
}

/** All records of a text that is at hand as a whole.
 *  @throws LdifError for the first that cannot be read */
export function parseLdif(bytes: Buffer, options: LdifReaderOptions = {}): readonly LdifRecord[] {
  const reader = new LdifReader(options);
  return [...reader.feed(bytes), ...reader.end()].map((record) => {
    if (record.type === "invalid") throw record.error;
    return record;
  });
}
