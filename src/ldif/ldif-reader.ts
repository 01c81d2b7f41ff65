// Streaming reader of LDIF (RFC 2849): chunks of bytes in, records out. Lines end with LF or CR LF, a line that starts with a
// blank continues the one before (also within a UTF-8 character), `#` starts a comment that may be continued too, one or more
// empty lines end a record. Raw UTF-8 values are taken although the RFC wants base64 for them.
//
// Invariant: `#physical` holds the pieces of a physical line whose end has not been seen, `#logical` those of the line being
// unfolded, `#record` the finished lines of the record being collected.
import { LDIF_LINE_BYTES_MAX, LDIF_RECORD_LINES_MAX } from "./limits.ts";
import { type LdifLine, parseLine, type ReadUrl } from "./parse-line.ts";
import { findDn, parseRecord } from "./parse-record.ts";
import { LdifError, type LdifInvalidRecord, type LdifRecord } from "./record.ts";

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const SHARP = 0x23;

export interface LdifReaderOptions {
  /** Without it a `name:< url` line makes its record invalid. */
  readonly readUrl?: ReadUrl;
}

const join = (pieces: readonly Buffer[]): Buffer =>
  pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);

export class LdifReader {
  readonly #readUrl: ReadUrl | undefined;
  #physical: Buffer[] = [];
  #physicalBytes = 0;
  #logical: Buffer[] = [];
  #logicalBytes = 0;
  #logicalLine = 0;
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
      this.#endPhysical(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return this.#takeRecords();
  }

  /** The records that the end of the input ends. */
  end(): readonly (LdifRecord | LdifInvalidRecord)[] {
    if (this.#physical.length > 0) this.#endPhysical(Buffer.alloc(0));
    this.#endLogical();
    this.#endRecord();
    return this.#takeRecords();
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

  /** `last` is what comes before the LF. */
  #endPhysical(last: Buffer): void {
    let bytes = last;
    if (this.#physical.length > 0) {
      this.#physical.push(last);
      bytes = Buffer.concat(this.#physical);
      this.#physical = [];
    }
    this.#physicalBytes = 0;
    this.#line += 1;
    if (bytes.length > 0 && bytes[bytes.length - 1] === CR) {
      bytes = bytes.subarray(0, bytes.length - 1);
    }
    if (bytes.length > 0 && bytes[0] === SPACE) this.#continueLogical(bytes.subarray(1));
    else this.#startLogical(bytes);
  }

  #startLogical(bytes: Buffer): void {
    this.#endLogical();
    if (bytes.length === 0) {
      this.#endRecord();
      return;
    }
    this.#logical = [bytes];
    this.#logicalBytes = bytes.length;
    this.#logicalLine = this.#line;
  }

  #continueLogical(bytes: Buffer): void {
    if (this.#logical.length === 0) {
      this.#recordError ??= new LdifError("Line continues nothing", this.#line);
      return;
    }
    this.#logicalBytes += bytes.length;
    if (this.#logicalBytes > LDIF_LINE_BYTES_MAX) {
      this.#recordError ??= new LdifError("Line is too long", this.#logicalLine);
      return;
    }
    this.#logical.push(bytes);
  }

  #endLogical(): void {
    if (this.#logical.length === 0) return;
    const bytes = join(this.#logical);
    this.#logical = [];
    if (bytes[0] === SHARP) return;
    const line = { bytes, line: this.#logicalLine };
    if (!this.#sawRecord && this.#record.length === 0 && this.#takeVersion(line)) return;
    if (this.#record.length >= LDIF_RECORD_LINES_MAX) {
      this.#recordError ??= new LdifError("Record has too many lines", this.#logicalLine);
      return;
    }
    this.#record.push(line);
  }

  /** Whether the line is the version line; only version 1 exists. */
  #takeVersion(line: LdifLine): boolean {
    if (line.bytes.toString("latin1", 0, 8).toLowerCase() !== "version:") return false;
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
