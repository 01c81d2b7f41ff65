// Random LDAP messages for property tests.
import fc from "fast-check";
import type {
  AttributeValues,
  Control,
  Filter,
  LdapResult,
  Mod,
  Request,
  RequestMessage,
  Response,
  ResponseMessage,
} from "../../src/protocol/index.ts";

export const octets = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const shortOctets = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));
const piece = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes));
export const text = fc.oneof(
  fc.string({ unit: "grapheme-ascii", maxLength: 200 }),
  fc.string({ unit: "binary", maxLength: 90 }),
);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

export const int32 = fc.oneof(fc.integer(), fc.integer({ min: -70_000, max: 70_000 }));
const count = fc.oneof(fc.nat(), fc.nat({ max: 300 }));
const messageId = count.map((n) => Math.max(1, n));

const attributes: fc.Arbitrary<AttributeValues[]> = fc.array(
  fc.record({ type: text, values: fc.array(octets, { maxLength: 4 }) }),
  { maxLength: 5 },
);
export const mods: fc.Arbitrary<Mod[]> = fc.array(
  fc.record({
    operation: fc.constantFrom("add", "delete", "replace", "increment"),
    type: text,
    values: fc.array(octets, { maxLength: 4 }),
  }),
  { maxLength: 5 },
);

export const filter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({
      type: fc.constantFrom("equality", "greaterOrEqual", "lessOrEqual", "approx"),
      attribute: text,
      value: shortOctets,
    }),
    fc.record({ type: fc.constant("present"), attribute: text }),
    fc
      .record({
        type: fc.constant("substrings"),
        attribute: text,
        initial: maybe(piece),
        any: fc.array(piece, { maxLength: 3 }),
        final: maybe(piece),
      })
      .filter((f) => f.initial !== undefined || f.final !== undefined || f.any.length > 0),
    fc
      .record({
        type: fc.constant("extensible"),
        rule: maybe(text),
        attribute: maybe(text),
        value: shortOctets,
        dnAttributes: fc.boolean(),
      })
      .filter((f) => f.rule !== undefined || f.attribute !== undefined),
    fc.record({
      type: fc.constantFrom("and", "or"),
      filters: fc.array(tie("filter"), { maxLength: 4 }),
    }),
    fc.record({ type: fc.constant("not"), filter: tie("filter") }),
  ) as fc.Arbitrary<Filter>,
})).filter;

const controls: fc.Arbitrary<Control[]> = fc.uniqueArray(
  fc.record({ oid: text, critical: fc.boolean(), value: maybe(octets) }),
  { maxLength: 3, selector: (control) => control.oid },
);

const request: fc.Arbitrary<Request> = fc.oneof(
  fc.record({
    type: fc.constant("bind"),
    version: fc.integer({ min: 1, max: 127 }),
    name: text,
    authentication: fc.oneof(
      fc.record({ method: fc.constant("simple"), password: octets }),
      fc.record({ method: fc.constant("sasl"), mechanism: text, credentials: maybe(octets) }),
    ),
  }),
  fc.record({ type: fc.constant("unbind") }),
  fc.record({
    type: fc.constant("search"),
    base: text,
    scope: fc.constantFrom("base", "one", "sub", "subordinate"),
    derefAliases: fc.constantFrom(0, 1, 2, 3),
    sizeLimit: count,
    timeLimit: count,
    typesOnly: fc.boolean(),
    filter,
    attributes: fc.array(text, { maxLength: 4 }),
  }),
  fc.record({ type: fc.constant("modify"), dn: text, mods }),
  fc.record({ type: fc.constant("add"), dn: text, attributes }),
  fc.record({ type: fc.constant("delete"), dn: text }),
  fc.record({
    type: fc.constant("modifyDn"),
    dn: text,
    newRdn: text,
    deleteOldRdn: fc.boolean(),
    newSuperior: maybe(text),
  }),
  fc.record({ type: fc.constant("compare"), dn: text, attribute: text, value: octets }),
  fc.record({ type: fc.constant("abandon"), messageId }),
  fc.record({ type: fc.constant("extended"), oid: text, value: maybe(octets) }),
) as fc.Arbitrary<Request>;

export const requestMessage: fc.Arbitrary<RequestMessage> = fc.record({
  messageId,
  request,
  controls,
});

const result: fc.Arbitrary<LdapResult> = fc.record({
  code: fc.oneof(fc.nat({ max: 123 }), fc.constantFrom(4096, 16_654)),
  matchedDn: text,
  message: text,
  referrals: fc.array(text, { maxLength: 3 }),
});

const response: fc.Arbitrary<Response> = fc.oneof(
  fc.record({ type: fc.constant("bindResponse"), result, serverCredentials: maybe(octets) }),
  fc.record({ type: fc.constant("searchEntry"), dn: text, attributes }),
  fc.record({ type: fc.constant("searchReference"), urls: fc.array(text, { maxLength: 3 }) }),
  fc.record({
    type: fc.constantFrom(
      "searchDone",
      "modifyResponse",
      "addResponse",
      "deleteResponse",
      "modifyDnResponse",
      "compareResponse",
    ),
    result,
  }),
  fc.record({
    type: fc.constant("extendedResponse"),
    result,
    oid: maybe(text),
    value: maybe(octets),
  }),
  fc.record({ type: fc.constant("intermediateResponse"), oid: maybe(text), value: maybe(octets) }),
) as fc.Arbitrary<Response>;

export const responseMessage: fc.Arbitrary<ResponseMessage> = fc.record({
  messageId: count,
  response,
  controls,
});
