// Holds an answer against its expectation. Order has no meaning in LDAP, so entries, types and values are sorted first.
import { assert } from "chai";
import type { Answer, AnswerAttributes, AnswerEntry, Expectation } from "./request.ts";

export function checkAnswer(answer: Answer, expect: Expectation): void {
  const codes = typeof expect.code === "number" ? [expect.code] : expect.code;
  assert.include(codes, answer.code, `result code, with the message: ${answer.message}`);
  if (expect.matchedDn !== undefined)
    assert.strictEqual(plain(answer.matchedDn ?? ""), plain(expect.matchedDn), "matched DN");
  if (expect.names !== undefined)
    assert.sameMembers((answer.entries ?? []).map(nameOf), [...expect.names], "entries");
  if (expect.count !== undefined) assert.lengthOf(answer.entries ?? [], expect.count);
  if (expect.pages !== undefined && answer.pages !== undefined)
    assert.deepEqual(withoutEmptyEnd(answer.pages), expect.pages, "pages");
  if (expect.authzId !== undefined) assert.strictEqual(answer.authzId, expect.authzId);
  if (expect.isGenerated === true)
    assert.isNotEmpty(answer.generatedPassword, "generated password");
  checkEntry(answer.entries?.[0], expect);
  checkRead("pre-read", answer.preRead, { expected: expect.preRead });
  checkRead("post-read", answer.postRead, { expected: expect.postRead });
}

/** A server may find out only after the last full page that there is no more. */
function withoutEmptyEnd(pages: readonly number[]): readonly number[] {
  return pages.length > 1 && pages.at(-1) === 0 ? pages.slice(0, -1) : pages;
}

function checkEntry(entry: AnswerEntry | undefined, expect: Expectation): void {
  if (expect.types === undefined && expect.attributes === undefined) return;
  assert.isDefined(entry, "an entry is found");
  const attributes = (entry as AnswerEntry).attributes;
  if (expect.types !== undefined) assert.sameMembers(Object.keys(attributes), [...expect.types]);
  for (const [type, values] of Object.entries(expect.attributes ?? {})) {
    const found = findValues(attributes, type);
    if (values === false) assert.isUndefined(found, type);
    else if (values === true) assert.isNotEmpty(found, type);
    else assert.sameMembers([...(found ?? ["(absent)"])], [...values], type);
  }
}

function checkRead(
  name: string,
  read: AnswerAttributes | undefined,
  { expected }: { readonly expected: AnswerAttributes | undefined },
): void {
  if (expected === undefined) return;
  assert.isDefined(read, `${name} comes back`);
  for (const [type, values] of Object.entries(expected))
    assert.sameMembers([...(findValues(read as AnswerAttributes, type) ?? [])], [...values], name);
}

function findValues(attributes: AnswerAttributes, wanted: string): readonly string[] | undefined {
  const found = Object.entries(attributes).find(
    ([type]) => type.toLowerCase() === wanted.toLowerCase(),
  );
  return found?.[1];
}

/** The first value of the first RDN; escapes with hex digits are written with a backslash and the character. */
function nameOf({ dn }: AnswerEntry): string {
  const rdn = /^[^=]+=((?:\\.|[^,+\\])*)/.exec(dn)?.[1] ?? "";
  return rdn.replace(/\\2[cC]/g, "\\,");
}

const plain = (dn: string): string => dn.toLowerCase().replace(/\s*,\s*/g, ",");
