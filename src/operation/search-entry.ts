// Encoding of found entries. A stored entry is sent as it lies in the database: the ranges of its selected attributes are
// copied behind a header; only computed attributes, those under another spelling and answers with types alone are encoded anew.
import type { BerWriter } from "../ber/index.ts";
import {
  type Attribute,
  type AttributeDescription,
  COMPUTED_ATTRIBUTE_KEYS,
  type EntryView,
  StoredEntry,
} from "../entry/index.ts";
import {
  type AttributeValues,
  encodePartialAttribute,
  writeSearchEntryHeader,
} from "../protocol/index.ts";
import type { Access } from "./access-port.ts";
import type { Selection } from "./selection.ts";

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
  const dn = Buffer.from(entry.dn, "utf8");
  if (!(entry instanceof StoredEntry) || answer.typesOnly) {
    const parts = selectAttributes(entry, answer).map(({ type, values }) =>
      encodePartialAttribute(type, values),
    );
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    writeSearchEntryHeader(writer, messageId, dn, length, controls);
    for (const part of parts) writer.append(part);
  } else {
    writeStored(writer, messageId, entry, answer, dn, controls);
  }
  if (controls !== undefined) writer.append(controls);
}

function writeStored(
  writer: BerWriter,
  messageId: number,
  entry: StoredEntry,
  answer: EntryAnswer,
  dn: Buffer,
  controls: Buffer | undefined,
): void {
  // Adjacent selected attributes are one range: [start, end, start, end, …].
  const ranges: number[] = [];
  const respelled = new Set<AttributeDescription>();
  let length = 0;
  for (const row of entry.directory) {
    const description = entry.description(row);
    if (!mayShow(answer, entry, description)) continue;
    if (answer.selection.textOf(description) !== description.text) {
      respelled.add(description);
      continue;
    }
    length += row.end - row.start;
    if (ranges[ranges.length - 1] === row.start) ranges[ranges.length - 1] = row.end;
    else ranges.push(row.start, row.end);
  }
  const anew = computedAttributes(entry, answer);
  if (respelled.size > 0) {
    anew.push(...entry.stored().filter(({ description }) => respelled.has(description)));
  }
  const parts = anew.map(({ description, values }) =>
    encodePartialAttribute(answer.selection.textOf(description) ?? description.text, values),
  );
  for (const part of parts) length += part.length;
  writeSearchEntryHeader(writer, messageId, dn, length, controls);
  for (let i = 0; i < ranges.length; i += 2) {
    writer.appendRange(entry.record, ranges[i] as number, ranges[i + 1] as number);
  }
  for (const part of parts) writer.append(part);
}

function computedAttributes(entry: StoredEntry, answer: EntryAnswer): Attribute[] {
  const { selection } = answer;
  if (!selection.operational && ![...COMPUTED_ATTRIBUTE_KEYS].some((key) => selection.names(key)))
    return [];
  return [...entry.computed()].filter(({ description }) => mayShow(answer, entry, description));
}
