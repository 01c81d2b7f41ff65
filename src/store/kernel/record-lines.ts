// Makes LDIF of records: AssemblyScript, a dialect of TypeScript that is compiled to WebAssembly (scripts/kernel.ts). An export
// is over before V8 has compiled such a loop well; this one is fast from its first value on. Layouts: a record stands in
// entry/record.ts, lines in ldif/ldif-writer.ts, which writes the same.
//
// Who calls owns the memory (../record-lines.ts) and sees to SLACK bytes behind whatever is read or written, because bytes are copied
// sixteen at a time. Of a damaged record nothing is written that does not lie in it: what leads out of it ends in a trap.

/** Columns of a physical line; those behind the first begin with a blank. */
const FOLD: u32 = 76;
const FOLD_REST: u32 = FOLD - 1;
const SLACK: u32 = 32;

const LF: u32 = 0x0a;
const CR: u32 = 0x0d;
const SPACE: u32 = 0x20;
const COLON: u32 = 0x3a;
const LESS: u32 = 0x3c;
const EQUALS: u32 = 0x3d;
/** "dn: ", ": ", and a line end with a blank. */
const DN_HEAD: u32 = 0x203a6e64;
const DN_HEAD_BYTES: u32 = 4;
const COLON_SPACE: u16 = 0x203a;
const LF_SPACE: u16 = 0x200a;
/** Set in a byte, or in the byte less 32, that is no printable ASCII; what is borrowed from a neighbor is borrowed by an odd one. */
const ODD: u64 = 0x8080808080808080;
const SPACES: u64 = 0x2020202020202020;

const RDN_LENGTH_AT: u32 = 22;
const RDN_AT: u32 = 24;
const DIRECTORY_ROW_BYTES: u32 = 7;
const HEAD_ROW_BYTES: u32 = 8;

/** What `begin` and `goOn` return. */
const DONE: i32 = 0;
const HEAD_WANTED: i32 = 1;
const ROOM_WANTED: i32 = 2;

let heads: u32 = 0;
let folds: bool = true;
let out: u32 = 0;
let outEnd: u32 = 0;

/** Whether the line with the name is still to be written; its value is the RDN and the bytes at `tail`. */
let isNameless: bool = false;
let record: u32 = 0;
let tail: u32 = 0;
let tailLength: u32 = 0;
/** Where the record is read: the next row of its directory, and the next value of the attribute before that row. */
let row: u32 = 0;
let rowsEnd: u32 = 0;
let at: u32 = 0;
let end: u32 = 0;
let recordEnd: u32 = 0;
let head: u32 = 0;
let headLength: u32 = 0;

/** The number of a description, or the bytes of room. */
export let wanted: u32 = 0;

/** For each number of a description there are at `headsAt` the address of "name: ", 0 while it is not known, and its length, 0 when
 *  the attribute is left out. */
export function setUp(headsAt: u32, isFolded: bool): void {
  heads = headsAt;
  folds = isFolded;
}

/** Lines go to [from, to). */
export function setRoom(from: u32, to: u32): void {
  out = from;
  outEnd = to;
}

/** Behind the last line. */
export function place(): u32 {
  return out;
}

/** Writes the record in [from, behind), whose name goes on behind the RDN with what is at `tailAt`, as far as it can. */
export function begin(from: u32, behind: u32, tailAt: u32, tailBytes: u32): i32 {
  isNameless = true;
  record = from;
  recordEnd = behind;
  tail = tailAt;
  tailLength = tailBytes;
  row = record + RDN_AT + uint16At(record + RDN_LENGTH_AT);
  rowsEnd = row + 2 + DIRECTORY_ROW_BYTES * uint16At(row);
  row += 2;
  at = rowsEnd;
  end = rowsEnd;
  if (end > recordEnd) unreachable();
  return goOn();
}

/** Goes on when there is what was wanted. */
export function goOn(): i32 {
  if (isNameless) {
    if (!writeDn()) return ROOM_WANTED;
    isNameless = false;
  }
  for (;;) {
    while (at < end) {
      if (!writeValue()) return ROOM_WANTED;
    }
    if (row === rowsEnd) break;
    wanted = uint16At(row);
    head = load<u32>(heads + wanted * HEAD_ROW_BYTES);
    if (head === 0) return HEAD_WANTED;
    headLength = load<u32>(heads + wanted * HEAD_ROW_BYTES + 4);
    nextAttribute();
  }
  wanted = SLACK;
  if (wanted > outEnd - out) return ROOM_WANTED;
  store<u8>(out, LF);
  out += 1;
  return DONE;
}

/** False: there is not room enough. */
function writeDn(): bool {
  const rdnLength = uint16At(record + RDN_LENGTH_AT);
  const length = rdnLength + tailLength;
  wanted = DN_HEAD_BYTES + encodedMax(length) + length + SLACK;
  if (wanted > outEnd - out) return false;
  store<u32>(out, DN_HEAD);
  const start = out + DN_HEAD_BYTES;
  copy(start, record + RDN_AT, rdnLength);
  copy(start + rdnLength, tail, tailLength);
  if (isSafe(start, length)) {
    endLine(DN_HEAD_BYTES + length);
  } else {
    const source = outEnd - length;
    memory.copy(source, start, length);
    endEncodedLine(start, source, length);
  }
  return true;
}

function nextAttribute(): void {
  const type = bodyAt(end);
  const values = bodyAt(type) + lengthAt(type);
  at = bodyAt(values);
  const length = lengthAt(values);
  if (at < end || at > recordEnd || length > recordEnd - at) unreachable();
  end = at + length;
  row += DIRECTORY_ROW_BYTES;
}

function writeValue(): bool {
  const body = bodyAt(at);
  const length = lengthAt(at);
  if (body > end || length > end - body) unreachable();
  if (headLength !== 0) {
    wanted = headLength + encodedMax(length) + SLACK;
    if (wanted > outEnd - out) return false;
    const start = out + headLength;
    copy(out, head, headLength);
    copy(start, body, length);
    if (length === 0) endLine(headLength - 1);
    else if (isSafe(start, length)) endLine(headLength + length);
    else endEncodedLine(start, body, length);
  }
  at = body + length;
  return true;
}

/** Whether the value is a SAFE-STRING (RFC 2849) that does not end with a blank. */
function isSafe(start: u32, length: u32): bool {
  const first: u32 = load<u8>(start);
  const last: u32 = load<u8>(start + length - 1);
  if (first === SPACE || first === COLON || first === LESS || last === SPACE) return false;
  if (!hasOdd(start, length)) return true;
  for (let i: u32 = 0; i < length; i += 1) {
    const byte: u32 = load<u8>(start + i);
    if (byte >= 0x80 || byte === LF || byte === CR || byte === 0) return false;
  }
  return true;
}

/** Whether a byte is no printable ASCII. */
function hasOdd(start: u32, length: u32): bool {
  let seen: u64 = 0;
  let i: u32 = 0;
  for (; i + 8 <= length; i += 8) {
    const word = load<u64>(start + i);
    seen |= word | (word - SPACES);
  }
  if (i < length) {
    const mask = ((<u64>1) << (8 * <u64>(length - i))) - 1;
    const word = (load<u64>(start + i) & mask) | (SPACES & ~mask);
    seen |= word | (word - SPACES);
  }
  return (seen & ODD) !== 0;
}

/** Ends the line of `total` bytes that begins at `out`. */
function endLine(total: u32): void {
  const line = out;
  out += total;
  if (folds && total > FOLD) fold(line, total);
  store<u8>(out, LF);
  out += 1;
}

/** Writes the value in base64 over the one at `start`. */
function endEncodedLine(start: u32, source: u32, length: u32): void {
  store<u16>(start - 1, COLON_SPACE);
  endLine(encode(start + 1, source, length) - out);
}

/** Of a value in base64 with its second colon, its folds and the line end. */
function encodedMax(length: u32): u32 {
  const encoded = ((length + 2) / 3) * 4 + 2;
  return encoded + encoded / 32 + 8;
}

/** Folds the line in place, from its end, so that each byte moves once. */
function fold(line: u32, total: u32): void {
  const count = (total - FOLD + FOLD_REST - 1) / FOLD_REST;
  for (let i = count; i >= 1; i -= 1) {
    const from = line + FOLD + (i - 1) * FOLD_REST;
    const to = i === count ? line + total : from + FOLD_REST;
    const target = from + 2 * i;
    memory.copy(target, from, to - from);
    store<u16>(target - 2, LF_SPACE);
  }
  out += 2 * count;
}

/** @returns the place behind it */
function encode(to: u32, from: u32, length: u32): u32 {
  let i: u32 = 0;
  for (; i + 3 <= length; i += 3, to += 4) store<u32>(to, digits(threeBytesAt(from + i)));
  if (i === length) return to;
  const isOne = i + 1 === length;
  store<u32>(to, digits(threeBytesAt(from + i) & (isOne ? 0xff0000 : 0xffff00)));
  if (isOne) store<u8>(to + 2, EQUALS);
  store<u8>(to + 3, EQUALS);
  return to + 4;
}

function threeBytesAt(address: u32): u32 {
  return bswap<u32>(load<u32>(address)) >> 8;
}

/** Four digits of base64, the first one in the lowest byte. */
function digits(bits: u32): u32 {
  return (
    digit(bits >> 18) |
    (digit((bits >> 12) & 63) << 8) |
    (digit((bits >> 6) & 63) << 16) |
    (digit(bits & 63) << 24)
  );
}

function digit(value: u32): u32 {
  if (value < 26) return value + 0x41;
  if (value < 52) return value - 26 + 0x61;
  if (value < 62) return value - 52 + 0x30;
  return value === 62 ? 0x2b : 0x2f;
}

function copy(to: u32, from: u32, length: u32): void {
  for (let i: u32 = 0; i < length; i += 16) v128.store(to + i, v128.load(from + i));
}

function uint16At(address: u32): u32 {
  return bswap<u16>(load<u16>(address));
}

/** Where the content of the TLV begins. */
function bodyAt(tlv: u32): u32 {
  const first: u32 = load<u8>(tlv + 1);
  return first < 0x80 ? tlv + 2 : tlv + 2 + (first & 0x7f);
}

function lengthAt(tlv: u32): u32 {
  const first: u32 = load<u8>(tlv + 1);
  if (first < 0x80) return first;
  let length: u32 = 0;
  const body = bodyAt(tlv);
  for (let i = tlv + 2; i < body; i += 1) length = length * 256 + load<u8>(i);
  return length;
}
