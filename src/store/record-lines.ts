// Records as records of LDIF, made by WebAssembly where they have been copied to (kernel/record-lines.ts).
import { copyInto } from "../kv/index.ts";
import { RECORD_LINES_CODE } from "./record-lines-code.ts";

/** What the kernel exports; addresses and lengths are in bytes of its memory. */
interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly wanted: { readonly value: number };
  setUp(headsAt: number, isFolded: boolean): void;
  setRoom(from: number, to: number): void;
  place(): number;
  begin(record: number, behind: number, tail: number, tailLength: number): number;
  goOn(): number;
}

/** Not among the declarations of Node. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

const DONE = 0;
const HEAD_WANTED = 1;

const PAGE_BYTES = 65_536;
const ALIGNED_BYTES = 16;
/** Behind all that the kernel reads or writes. */
const SLACK_BYTES = 32;
const HEAD_ROW_BYTES = 8;
const HEADS_BYTES = HEAD_ROW_BYTES * 65_536;
const OUT_BYTES_FIRST = 256 * 1024;

/** A part of the memory that is replaced by a larger one when it is too small. */
interface Region {
  at: number;
  bytes: number;
}

export class RecordLines {
  readonly #headOf: (descriptionId: number) => Buffer;
  readonly #kernel: Kernel;
  /** All memory of the kernel. */
  #bytes: Buffer;
  /** Below it memory is in use. */
  #top: number;
  readonly #headsAt: number;
  readonly #record: Region = { at: 0, bytes: 0 };
  readonly #tailRegion: Region = { at: 0, bytes: 0 };
  readonly #out: Region;
  #tail: Buffer | undefined;

  /** `headOf` gives what stands before the values of an attribute, ASCII, ending with a colon and a blank; nothing: the attribute is left out. */
  constructor(folds: boolean, headOf: (descriptionId: number) => Buffer) {
    this.#headOf = headOf;
    const module = new WebAssembly.Module(Buffer.from(RECORD_LINES_CODE, "base64"));
    this.#kernel = new WebAssembly.Instance(module).exports as Kernel;
    this.#bytes = Buffer.from(this.#kernel.memory.buffer);
    this.#top = this.#bytes.length;
    this.#headsAt = this.#allot(HEADS_BYTES);
    this.#out = { at: this.#allot(OUT_BYTES_FIRST), bytes: OUT_BYTES_FIRST };
    this.#kernel.setUp(this.#headsAt, folds);
    this.#writeFrom(this.#out.at);
  }

  /** Bytes written since the last `lend`. */
  get length(): number {
    return this.#kernel.place() - this.#out.at;
  }

  /** What was written, lent until more is written. */
  lend(): Buffer {
    const lent = this.#bytes.subarray(this.#out.at, this.#kernel.place());
    this.#writeFrom(this.#out.at);
    return lent;
  }

  /** `text` is ASCII. */
  writeText(text: string): void {
    this.#makeRoom(text.length);
    const at = this.#kernel.place();
    this.#writeFrom(at + this.#bytes.write(text, at, "latin1"));
  }

  /** Writes the record, which may be a borrowed view and of which no attribute lies apart, named by its RDN and the bytes behind it. */
  writeRecord(record: Buffer, afterRdn: Buffer): void {
    const kernel = this.#kernel;
    if (afterRdn !== this.#tail) this.#setTail(afterRdn);
    this.#ensure(this.#record, record.length);
    const { at } = this.#record;
    const behind = copyInto(this.#bytes, at, record, 0, record.length);
    let state = kernel.begin(at, behind, this.#tailRegion.at, afterRdn.length);
    for (; state !== DONE; state = kernel.goOn()) {
      const wanted = kernel.wanted.value;
      if (state === HEAD_WANTED) this.#addHead(wanted);
      else this.#makeRoom(wanted);
    }
  }

  #setTail(tail: Buffer): void {
    this.#ensure(this.#tailRegion, tail.length);
    this.#bytes.set(tail, this.#tailRegion.at);
    this.#tail = tail;
  }

  #addHead(descriptionId: number): void {
    const head = this.#headOf(descriptionId);
    const at = this.#allot(head.length);
    this.#bytes.set(head, at);
    const row = this.#headsAt + HEAD_ROW_BYTES * descriptionId;
    this.#bytes.writeUInt32LE(at, row);
    this.#bytes.writeUInt32LE(head.length, row + 4);
  }

  /** Makes room for so many bytes behind what was written. */
  #makeRoom(bytes: number): void {
    const { at, bytes: before } = this.#out;
    const { length } = this;
    if (length + bytes <= before) return;
    this.#ensure(this.#out, length + bytes);
    this.#bytes.copyWithin(this.#out.at, at, at + length);
    this.#writeFrom(this.#out.at + length);
  }

  #writeFrom(at: number): void {
    this.#kernel.setRoom(at, this.#out.at + this.#out.bytes);
  }

  /** What lay in the region stays where it was. */
  #ensure(region: Region, bytes: number): void {
    if (bytes <= region.bytes) return;
    region.bytes = 2 * bytes;
    region.at = this.#allot(region.bytes);
  }

  /** @returns the address of so many bytes that nobody has */
  #allot(bytes: number): number {
    const { memory } = this.#kernel;
    const at = this.#top;
    this.#top += ALIGNED_BYTES * Math.ceil((bytes + SLACK_BYTES) / ALIGNED_BYTES);
    const missing = this.#top - memory.buffer.byteLength;
    if (missing > 0) {
      memory.grow(Math.ceil(missing / PAGE_BYTES));
      this.#bytes = Buffer.from(memory.buffer);
    }
    return at;
  }
}
