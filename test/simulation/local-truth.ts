// What a client is told must be so: the entry as the server read it right before and right after an update, in the same
// transaction (RFC 4527), differs by what the update says. Values are compared as in oracle.ts.
import { parseDn, parseRdn } from "../../src/dn/index.ts";
import {
  type Control,
  POST_READ_OID,
  PRE_READ_OID,
  type ResponseMessage,
  decodeReadEntryResponse,
  encodeReadEntryRequest,
  findControl,
} from "../../src/protocol/index.ts";
import type { Update } from "./operations.ts";
import { type ValueSets, addTo, fold, linesOf, runMod, setsOf } from "./oracle.ts";

interface ReadEntry {
  readonly dn: string;
  readonly values: ValueSets;
}

/** The controls that make the server read. */
export function readControls({ type }: Update): readonly Control[] {
  const value = encodeReadEntryRequest(["*"]);
  const pre = { oid: PRE_READ_OID, critical: false, value };
  const post = { oid: POST_READ_OID, critical: false, value };
  switch (type) {
    case "add":
      return [post];
    case "delete":
      return [pre];
    case "modify":
    case "modifyDn":
      return [pre, post];
  }
}

function read({ controls }: ResponseMessage, oid: string): ReadEntry | undefined {
  const control = findControl(controls, oid);
  if (control === undefined) return undefined;
  const { dn, attributes } = decodeReadEntryResponse(control.value);
  const values = setsOf(
    attributes.map((attribute) => ({ ...attribute, key: attribute.type.toLowerCase() })),
  );
  return { dn, values };
}

/** What is not so; undefined: nothing. */
export function findUntruth(request: Update, answer: ResponseMessage): string | undefined {
  const before = read(answer, PRE_READ_OID);
  const after = read(answer, POST_READ_OID);
  if (request.type === "delete") return before === undefined ? "nothing was there" : undefined;
  if (after === undefined) return "nothing is there";
  switch (request.type) {
    case "add":
      return findMissing(request, after);
    case "modify":
      return before === undefined ? "nothing was there" : findUnmodified(request, before, after);
    case "modifyDn":
      return before === undefined ? "nothing was there" : findUnmoved(request, before, after);
  }
}

function findMissing(
  { dn, attributes }: Extract<Update, { type: "add" }>,
  after: ReadEntry,
): string | undefined {
  if (nameOf(dn) !== nameOf(after.dn)) return `the name is ${after.dn}`;
  const wanted: ValueSets = new Map();
  for (const { type, values } of attributes) {
    for (const value of values) addTo(wanted, type.toLowerCase(), String(value));
  }
  const there = new Set(linesOf(after.values));
  return linesOf(wanted).find((line) => !there.has(line));
}

function findUnmodified(
  { mods }: Extract<Update, { type: "modify" }>,
  before: ReadEntry,
  after: ReadEntry,
): string | undefined {
  for (const mod of mods) {
    if (mod.operation !== "increment") runMod(before.values, mod);
    else {
      const [old = "0"] = before.values.get(mod.type.toLowerCase()) ?? [];
      const sum = Number(old) + Number(String(mod.values[0]));
      runMod(before.values, { ...mod, operation: "replace", values: [Buffer.from(String(sum))] });
    }
  }
  // What gives way to a value that goes again with the same update comes back: the name has to be among the values.
  for (const { type, value } of avasOf(parseDn(before.dn)[0] ?? [])) {
    if ((before.values.get(type)?.size ?? 0) === 0) addTo(before.values, type, value);
  }
  const [wanted, found] = [linesOf(before.values), linesOf(after.values)];
  return wanted.join("\n") === found.join("\n")
    ? undefined
    : `wanted ${wanted.join(", ")}; found ${found.join(", ")}`;
}

function findUnmoved(
  { newRdn, newSuperior, deleteOldRdn }: Extract<Update, { type: "modifyDn" }>,
  before: ReadEntry,
  after: ReadEntry,
): string | undefined {
  const superior = newSuperior ?? before.dn.slice(before.dn.indexOf(",") + 1);
  // Who leaves a name may leave it to a conflict entry, also to one that it goes below.
  const names = [superior, withoutMarks(superior)].map((above) => nameOf(`${newRdn},${above}`));
  if (!names.includes(nameOf(after.dn))) return `the name is ${after.dn}`;
  const has = (type: string, value: string): boolean =>
    after.values.get(type)?.has(fold(type, value)) === true;
  const coming = avasOf(parseRdn(newRdn));
  const missing = coming.find(({ type, value }) => !has(type, value));
  if (missing !== undefined) return `${missing.type} lacks ${missing.value}`;
  if (!deleteOldRdn) return undefined;
  const isComing = ({ type, value }: { type: string; value: string }): boolean =>
    coming.some((one) => one.type === type && fold(type, one.value) === fold(type, value));
  const stays = avasOf(parseDn(before.dn)[0] ?? []).find(
    (ava) => !isComing(ava) && has(ava.type, ava.value),
  );
  return stays && `${stays.type} still has ${stays.value}`;
}

const avasOf = (
  rdn: readonly { readonly type: string; readonly value: Buffer }[],
): { type: string; value: string }[] =>
  rdn
    .map(({ type, value }) => ({ type: type.toLowerCase(), value: String(value) }))
    .filter(({ type }) => type !== "nsuniqueid");

/** Names of conflict entries as they would be without a conflict. */
const withoutMarks = (dn: string): string => dn.replaceAll(/\+nsuniqueid=[0-9a-f-]+/gi, "");

const nameOf = (dn: string): string =>
  parseDn(dn)
    .map((rdn) =>
      rdn
        .map(({ type, value }) => `${type.toLowerCase()}=${String(value).toLowerCase()}`)
        .sort()
        .join("+"),
    )
    .join(",");
