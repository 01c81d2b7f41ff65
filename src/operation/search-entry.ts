// Encoding of found entries. A stored entry is sent as it lies in the database: the ranges of its selected attributes are
// copied behind a header; only computed attributes, those under another spelling and answers with types alone are encoded anew.
import type { BerWriter } from "../ber/index.ts";
import { type AttributeDescription, type EntryView, StoredEntry } from "../entry/index.ts";
import {
  type AttributeValues,
  encodePartialAttribute,
  writeAttributesHeader,
  writeSearchEntryHeader,
  writeSearchEntryStart,
} from "../protocol/index.ts";
import type { Access } from "./access-port.ts";
import type { Selection } from "./selection.ts";
import { Showing } from "./shown-attributes.ts";

/** Never shown to anybody by `*` or `+`, and as an attribute only to those who name it and may read it. */
export interface EntryAnswer {
  readonly selection: Selection;
  readonly access: Access;
  readonly typesOnly: boolean;
}

const mayShow = (
  answer: EntryAnswer,
  entry: EntryView,
  description: AttributeDescription,
): boolean =>
  answer.selection.includes(description) &&
  answer.access.mayAttribute(entry, "read", description.type, description.options);

/** The attributes of `entry` that the client gets, as values. */
export function selectAttributes(entry: EntryView, answer: EntryAnswer): AttributeValues[] {
  const selected: AttributeValues[] = [];
  for (const { description, values } of entry.attributes()) {
    if (!mayShow(answer, entry, description)) continue;
    const type = answer.selection.textOf(description) ?? description.text;
    selected.push({ type, values: answer.typesOnly ? [] : values });
  }
  return selected;
}

/** Writes one SearchResultEntry message. */
export function writeEntry(
  writer: BerWriter,
  messageId: number,
  entry: EntryView,
  answer: EntryAnswer,
  controls?: Buffer,
): void {
  if (entry instanceof StoredEntry && !answer.typesOnly) {
    writeStored(writer, messageId, entry, answer, controls);
  } else {
    const parts = selectAttributes(entry, answer).map(({ type, values }) =>
      encodePartialAttribute(type, values),
    );
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    writeSearchEntryHeader(writer, messageId, Buffer.from(entry.dn, "utf8"), length, controls);
    for (const part of parts) writer.append(part);
  }
  if (controls !== undefined) writer.append(controls);
}

/** Ranges of the record that are sent, [start, end, start, end, …]; adjacent attributes are one. Used again for each entry. */
const ranges: number[] = [];

function writeStored(
  writer: BerWriter,
  messageId: number,
  entry: StoredEntry,
  answer: EntryAnswer,
  controls: Buffer | undefined,
): void {
  const { access } = answer;
  const shown = answer.selection.shownUnder(access.rulesOf(entry));
  let respelled: Set<AttributeDescription> | undefined;
  let count = 0;
  let length = 0;
  for (const rows = entry.rows(); rows.next(); ) {
    const description = entry.description(rows);
    const showing = shown.of(description, entry, access);
    if (showing === Showing.hidden) continue;
    if (rows.isApart) return writeStored(writer, messageId, entry.whole(), answer, controls);
    if (showing === Showing.respelled) {
      (respelled ??= new Set()).add(description);
      continue;
    }
    length += rows.end - rows.start;
    if (count === 0 || ranges[count - 1] !== rows.start) {
      ranges[count] = rows.start;
      count += 2;
    }
    ranges[count - 1] = rows.end;
  }
  const parts = encodeAnew(entry, answer, respelled);
  for (const part of parts) length += part.length;
  writeSearchEntryStart(writer, messageId, {
    dnLength: entry.dnLength,
    attributesLength: length,
    controlsLength: controls === undefined ? 0 : controls.length,
  });
  entry.writeDn(writer);
  writeAttributesHeader(writer, length);
  for (let i = 0; i < count; i += 2) {
    writer.appendRange(entry.record, ranges[i] as number, ranges[i + 1] as number);
  }
  for (const part of parts) writer.append(part);
}

const NO_PARTS: readonly Buffer[] = [];

/** The attributes that do not lie in the record as they are sent. */
function encodeAnew(
  entry: StoredEntry,
  answer: EntryAnswer,
  respelled: ReadonlySet<AttributeDescription> | undefined,
): readonly Buffer[] {
  const { selection } = answer;
  if (!selection.computed && respelled === undefined) return NO_PARTS;
  const anew = selection.computed
    ? [...entry.computed()].filter(({ description }) => mayShow(answer, entry, description))
    : [];
  if (respelled !== undefined) {
    anew.push(...entry.stored().filter(({ description }) => respelled.has(description)));
  }
  return anew.map(({ description, values }) =>
    encodePartialAttribute(selection.textOf(description) ?? description.text, values),
  );
}
