// Searches of a backend find what going through all entries finds, whichever way they take: index, children, tree, all records.

import { assert } from "chai";
import fc from "fast-check";
import type { Millis } from "../../src/base/index.ts";
import type { EntryId, EntryView, StoredEntry } from "../../src/entry/index.ts";
import { compileFilter, parseFilter } from "../../src/filter/index.ts";
import {
  BackendSource,
  FULL_ACCESS,
  Search,
  type SearchLimits,
  type SearchOutcome,
  Selection,
} from "../../src/operation/index.ts";
import type { SearchRequest } from "../../src/protocol/index.ts";
import type { UniqueId } from "../../src/replication/change/index.ts";
import type { Csn } from "../../src/replication/csn/index.ts";
import { StoreBackend } from "../support/store-backend.ts";

const SUFFIX = "dc=example,dc=com";
const FREE: SearchLimits = {
  sizeMax: undefined,
  timeMaxMs: undefined,
  lookThroughMax: undefined,
  isIndexRequired: () => false,
};
const idOf = (n: number): UniqueId =>
  `aaaaaaaa-00000000-00000000-${n.toString(16).padStart(8, "0")}` as UniqueId;
const csnOf = (n: number): Csn => `00000010${n.toString(16).padStart(4, "0")}00010000` as Csn;
const bytes = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text));

/** Numbers of the parents, each below its own; what each entry has. */
interface Shape {
  readonly parents: readonly number[];
  readonly words: readonly string[];
  readonly kinds: readonly ("plain" | "referral" | "subentry")[];
  readonly deleted: readonly number[];
}

class Tree {
  readonly store = new StoreBackend(SUFFIX).replicate();
  readonly dns: string[] = [SUFFIX];
  #changes = 0;

  constructor({ parents, words, kinds, deleted }: Shape) {
    this.#add(SUFFIX, idOf(0), ["top", "domain"], undefined);
    parents.forEach((parent, i) => {
      const number = i + 1;
      const above = parent % number;
      const classes = { plain: [], referral: ["referral"], subentry: ["ldapSubEntry"] };
      this.dns.push(`cn=e${number},${this.dns[above]!}`);
      this.#add(
        this.dns[number]!,
        idOf(number),
        ["top", "person", ...classes[kinds[i % kinds.length]!]],
        idOf(above),
        [
          { type: "sn", values: bytes(words[i % words.length]!) },
          { type: "givenName", values: bytes(`g${i % 3}`) },
        ],
      );
    });
    for (const one of deleted) this.remove(1 + (one % Math.max(1, parents.length)));
  }

  #csn(): Csn {
    this.#changes += 1;
    return csnOf(this.#changes);
  }

  #add(
    dn: string,
    uniqueId: UniqueId,
    classes: readonly string[],
    parentUniqueId: UniqueId | undefined,
    more: readonly { readonly type: string; readonly values: Buffer[] }[] = [],
  ): void {
    const attributes = [{ type: "objectClass", values: bytes(...classes) }, ...more];
    this.store.apply({ type: "add", csn: this.#csn(), uniqueId, dn, attributes, parentUniqueId });
  }

  /** Only a leaf that is there. */
  remove(number: number): void {
    const { reader } = this.store.backend;
    const id = reader.idOfUniqueId(idOf(number));
    if (id === undefined || reader.childCount(id) > 0) return;
    const dn = this.dns[number]!;
    if (reader.getEntry(id).dn !== dn) return;
    this.store.apply({ type: "delete", csn: this.#csn(), uniqueId: idOf(number), dn });
  }

  rename(number: number, word: string): void {
    const mods = [{ operation: "replace" as const, type: "sn", values: bytes(word) }];
    const change = { uniqueId: idOf(number), dn: this.dns[number]!, mods };
    this.store.apply({ type: "modify", csn: this.#csn(), ...change });
  }

  entries(): StoredEntry[] {
    const { reader } = this.store.backend;
    return reader.idsFrom(1, 10_000).map((id) => reader.getEntry(id));
  }

  inScope(baseDn: string, scope: SearchRequest["scope"]): StoredEntry[] {
    const { reader, schema } = this.store.backend;
    const baseId = reader.idOfDn(schema.normalizeDnText(baseDn))!;
    const isBelow = (id: EntryId): boolean => reader.isAncestor(baseId, id);
    return this.entries().filter(({ id, parentId }) => {
      if (scope === "base") return id === baseId;
      if (scope === "one") return parentId === baseId;
      return id === baseId ? scope === "sub" : isBelow(parentId);
    });
  }

  /** Runs a search; `pause` is called after each entry that was found, between two slices. */
  search(
    request: Pick<SearchRequest, "base" | "scope"> & { readonly filter: string },
    options: { readonly limits?: SearchLimits; readonly pause?: (dn: string) => void } = {},
  ): { readonly found: string[]; readonly outcome: SearchOutcome } {
    const { backend, kv } = this.store;
    const filter = parseFilter(request.filter);
    const found: string[] = [];
    let pauses = 0;
    const running = new Search(
      {
        source: new BackendSource(backend, {}),
        request: { ...REQUEST, base: request.base, scope: request.scope, filter },
        baseNormalDn: backend.schema.normalizeDnText(request.base),
        matcher: compileFilter(filter, backend.schema, { maySearch: () => true }),
        selection: Selection.parse([], backend.schema),
        access: FULL_ACCESS,
        limits: options.limits ?? FREE,
        subentries: "also",
        seesTombstones: false,
        manageDsaIt: false,
        clock: { now: () => 0 as Millis },
      },
      {
        entry: (entry: EntryView) => {
          found.push(entry.dn);
          pauses = options.pause === undefined ? 0 : 1;
        },
        reference: (urls) => found.push(`reference ${urls.join()}`),
        full: () => {
          pauses -= 1;
          return pauses >= 0;
        },
      },
    );
    for (;;) {
      const outcome = running.step();
      if (outcome !== undefined) return { found: found.sort(), outcome };
      options.pause?.(found.at(-1)!);
      kv.renew();
    }
  }
}

const REQUEST: Omit<SearchRequest, "base" | "scope" | "filter"> = {
  type: "search",
  derefAliases: 0,
  sizeLimit: 0,
  timeLimit: 0,
  typesOnly: false,
  attributes: [],
};

const word = fc.constantFrom("a", "A ", "ab", "abc", "xabc", "Ä", "b");
const shape: fc.Arbitrary<Shape> = fc.record({
  parents: fc.array(fc.oneof(fc.nat(2), fc.nat(30)), { maxLength: 25 }),
  words: fc.array(word, { minLength: 1, maxLength: 5 }),
  kinds: fc.array(fc.constantFrom("plain", "plain", "plain", "referral", "subentry"), {
    minLength: 1,
    maxLength: 7,
  }),
  deleted: fc.array(fc.nat(30), { maxLength: 4 }),
});
const item = fc.oneof(
  word.map((text) => `(sn=${text})`),
  word.map((text) => `(sn=${text}*)`),
  word.map((text) => `(givenName=*${text}*)`),
  fc.constantFrom("(givenName=g1)", "(cn=e1*)", "(cn=*2)", "(objectClass=*)", "(description=*)"),
  fc.constantFrom("(name=a)", "(hasSubordinates=TRUE)", "(nosuch=x)", "(ou:dn:=x)", "(sn>=b)"),
);
const filter = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 2 },
    { weight: 3, arbitrary: item },
    { weight: 1, arbitrary: tie("filter").map((one) => `(!${one})`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom("&", "|"), fc.array(tie("filter"), { maxLength: 3 }))
        .map(([operator, parts]) => `(${operator}${parts.join("")})`),
    },
  ),
})).filter;
const scope = fc.constantFrom<SearchRequest["scope"]>("base", "one", "sub", "subordinate");

suite("property/search", () => {
  test("operation/backend-source: a search finds what going through all entries finds", () => {
    fc.assert(
      fc.property(
        shape,
        fc.array(fc.tuple(fc.nat(30), scope, filter), { minLength: 1, maxLength: 6 }),
        (one, searches) => {
          const tree = new Tree(one);
          const { backend } = tree.store;
          for (const [at, where, text] of searches) {
            const base = tree.dns[at % tree.dns.length]!;
            if (backend.reader.idOfDn(backend.schema.normalizeDnText(base)) === undefined) continue;
            const source = new BackendSource(backend, {});
            if (
              source.visibility(source.find(backend.schema.normalizeDnText(base))!) === "referral"
            )
              continue;
            const matcher = compileFilter(parseFilter(text), backend.schema);
            const inScope = tree.inScope(base, where);
            const expected = inScope
              .filter((entry) => ["plain", "subentry"].includes(source.visibility(entry)))
              .filter((entry) => matcher.matches(entry) === true)
              .map(({ dn }) => dn);
            const { found, outcome } = tree.search({ base, scope: where, filter: text });
            const shown = `${base} ${where} ${text}`;
            const entries = found.filter((dn) => !dn.startsWith("reference"));
            assert.deepEqual(entries, expected.sort(), shown);
            if (!outcome.unindexed) continue;
            // Referrals are told of whether they match or not.
            const referrals = inScope.filter((entry) => source.visibility(entry) === "referral");
            assert.equal(found.length - entries.length, referrals.length, shown);
            // As many are looked at as are in scope, no more and no less.
            const limited = (lookThroughMax: number): number =>
              tree.search(
                { base, scope: where, filter: text },
                { limits: { ...FREE, lookThroughMax } },
              ).outcome.result.code;
            assert.equal(limited(inScope.length), 0, shown);
            if (inScope.length > 0) assert.equal(limited(inScope.length - 1), 11, shown);
          }
        },
      ),
      { numRuns: 150 },
    );
  }).timeout(120_000);

  test("operation/scan-entries: what changes between two slices is seen as it is by then", () => {
    const tree = new Tree({
      parents: Array.from({ length: 300 }, (_, i) => (i < 3 ? 0 : 1 + (i % 3))),
      words: ["a"],
      kinds: ["plain"],
      deleted: [],
    });
    const found = new Set<string>();
    const changed = new Set<string>();
    const number = (dn: string): number => Number(/^cn=e(\d+)/.exec(dn)?.[1]);
    tree.search(
      { base: SUFFIX, scope: "sub", filter: "(!(sn=b))" },
      {
        pause: (dn) => {
          found.add(dn);
          if (found.size % 5 !== 0) return;
          const coming = tree.dns.filter((one) => number(one) > 3 && !found.has(one));
          const [first, second] = coming.filter((one) => !changed.has(one));
          if (first === undefined || second === undefined) return;
          tree.rename(number(first), "b");
          tree.remove(number(second));
          changed.add(first).add(second);
        },
      },
    );
    assert.isAbove(changed.size, 50);
    assert.sameMembers(
      [...found],
      tree.dns.filter((dn) => !changed.has(dn)),
    );
  }).timeout(60_000);
});
