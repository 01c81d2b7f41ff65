// Windows against the changelog, for `concord verify` and for tests: a window that counted other changes than the changelog holds
// would make a reader pass over what a consumer needs, or report wrong counts.
import { decodeHead } from "./record.ts";
import type { ChangelogTables } from "./tables.ts";
import { SHARED_SECTION_ID, type WindowSection, countInRow, decodeSections } from "./window-row.ts";
import { type Windows, readWindows, windowOfSeconds, windowStart } from "./windows.ts";

const NOTHING = Buffer.alloc(0);

/** What does not fit, as sentences. A record that cannot be read is left out: it is a fault of its own. */
export function* findWindowFaults(tables: ChangelogTables): Generator<string> {
  const windows = readWindows(tables);
  const rows = readRows(tables, windows);
  if (windows === undefined) {
    if (rows.size > 0) yield "there are windows, but no row that says from when";
    return;
  }
  for (const number of rows.keys()) {
    if (number < windows.first || number > windows.open) {
      yield `there is a window ${number}, but they go from ${windows.first} to ${windows.open}`;
    }
  }
  for (const [number, counted] of countAnew(tables, windows)) {
    yield* compare(number, rows.get(number) ?? NOTHING, counted);
    rows.delete(number);
  }
  for (const [number, row] of rows) yield* compare(number, row, NOTHING);
}

function readRows({ window }: ChangelogTables, windows: Windows | undefined): Map<number, Buffer> {
  const rows = new Map<number, Buffer>();
  for (const { key, value } of window.range()) rows.set(Buffer.from(key).readUInt32BE(0), value);
  windows?.visit(windows.open, (number, row, sections) => {
    rows.set(number, Buffer.from(row.hexSlice(sections, row.length), "hex"));
    return true;
  });
  return rows;
}

/** The row of each window, made of the records. */
function* countAnew(
  { changelog }: ChangelogTables,
  { first }: Windows,
): Generator<readonly [number, Buffer]> {
  let number: number | undefined;
  let row: Buffer = NOTHING;
  for (const { key, value } of changelog.range({ from: windowStart(first) })) {
    const csn = Buffer.from(key);
    const next = windowOfSeconds(csn.readUInt32BE(0));
    if (number !== undefined && next !== number) {
      yield [number, row];
      row = NOTHING;
    }
    number = next;
    if (isReadable(value)) row = countInRow(row, 0, csn, value);
  }
  if (number !== undefined) yield [number, row];
}

/** `counted`: the row as the records make it. What was removed may have left more names behind, and a newer CSN. */
function* compare(number: number, stored: Buffer, counted: Buffer): Generator<string> {
  const sections = new Map(decodeSections(stored).map((section) => [section.replicaId, section]));
  let sharing = 0;
  for (const found of decodeSections(counted)) {
    const section = sections.get(found.replicaId);
    if (section === undefined || found.replicaId === SHARED_SECTION_ID) {
      sharing += found.changes;
      continue;
    }
    sections.delete(found.replicaId);
    const where = `the window ${number} of replica ${found.replicaId}`;
    if (section.changes !== found.changes) {
      yield `${where} counts ${section.changes} changes instead of ${found.changes}`;
    }
    if (!holds(section, found)) yield `${where} hides what its changes touch`;
    if (section.newest < found.newest) {
      yield `${where} ends at ${section.newest}, before ${found.newest}`;
    }
  }
  const shared = sections.get(SHARED_SECTION_ID)?.changes ?? 0;
  sections.delete(SHARED_SECTION_ID);
  if (shared !== sharing) {
    yield `the window ${number} counts ${shared} changes of other replicas instead of ${sharing}`;
  }
  for (const { replicaId, changes } of sections.values()) {
    yield `the window ${number} counts ${changes} changes of replica ${replicaId}, which has none`;
  }
}

const holds = (section: WindowSection, found: WindowSection): boolean =>
  section.touched === undefined ||
  found.touched?.every((name) => section.touched?.includes(name)) === true;

function isReadable(record: Buffer): boolean {
  try {
    decodeHead(record);
    return true;
  } catch {
    return false;
  }
}
