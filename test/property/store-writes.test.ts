// Random operations on a backend, some of them discarded after they did everything: the names that the next operation sees are
// those that a reader without any memory finds, and indexes, tree and counts fit the entries.
import { assert } from "chai";
import fc from "fast-check";
import type { Millis } from "../../src/base/index.ts";
import { WriteSet } from "../../src/kv/index.ts";
import {
  FULL_ACCESS,
  type WriteContext,
  addEntry,
  deleteEntry,
  modifyDn,
  modifyEntry,
  runWrite,
} from "../../src/operation/index.ts";
import { LdapError } from "../../src/protocol/index.ts";
import { BackendReader } from "../../src/store/index.ts";
import { StoreBackend } from "../support/store-backend.ts";

const SUFFIX = "dc=test";
const NOW = 1_700_000_000_000 as Millis;

/** Positions are taken modulo the number of entries there are. */
type Step = {
  readonly discarded: boolean;
} & (
  | { readonly kind: "add"; readonly below: number; readonly name: string }
  | { readonly kind: "delete"; readonly at: number }
  | { readonly kind: "modify"; readonly at: number; readonly mods: readonly ModStep[] }
  | { readonly kind: "rename"; readonly at: number; readonly name: string; readonly to: number }
);

interface ModStep {
  readonly operation: "add" | "delete" | "replace";
  readonly type: string;
  readonly values: readonly string[];
}

const position = fc.nat(20);
const name = fc.constantFrom("a", "b", "c", "D");
const mod: fc.Arbitrary<ModStep> = fc.record({
  operation: fc.constantFrom("add", "delete", "replace"),
  type: fc.constantFrom("description", "description;lang-de", "street", "aci", "cn"),
  values: fc.uniqueArray(fc.constantFrom("north wind", "north", "south"), { maxLength: 2 }),
});
const discarded = fc.nat(3).map((number) => number === 0);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), discarded, below: position, name }),
  fc.record({ kind: fc.constant("add" as const), discarded, below: position, name }),
  fc.record({ kind: fc.constant("delete" as const), discarded, at: position }),
  fc.record({
    kind: fc.constant("modify" as const),
    discarded,
    at: position,
    mods: fc.array(mod, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant("rename" as const), discarded, at: position, name, to: position }),
);

const bytes = (texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text));

class Play {
  readonly store = new StoreBackend(SUFFIX);
  #randomCount = 0;
  /** Keeps hints from the beginning on. */
  readonly #reader: BackendReader;

  constructor() {
    const { tables, suffix, descriptions } = this.store.backend;
    this.#reader = new BackendReader(tables, suffix, descriptions);
    this.#run(false, (context) =>
      addEntry(context, {
        type: "add",
        dn: SUFFIX,
        attributes: [
          { type: "objectClass", values: bytes(["top", "domain", "extensibleObject"]) },
          { type: "dc", values: bytes(["test"]) },
        ],
      }),
    );
  }

  take(wanted: Step): void {
    const dns = this.store.dns(); // the suffix sorts first
    const dn = (at: number): string => dns[at % dns.length] ?? SUFFIX;
    const below = (at: number): string => dns[1 + (at % (dns.length - 1))] ?? SUFFIX;
    const { discarded: isDiscarded } = wanted;
    switch (wanted.kind) {
      case "add":
        return this.#run(isDiscarded, (context) =>
          addEntry(context, {
            type: "add",
            dn: `ou=${wanted.name},${dn(wanted.below)}`,
            attributes: [
              {
                type: "objectClass",
                values: bytes(["organizationalUnit", "extensibleObject"]),
              },
            ],
          }),
        );
      case "delete":
        return this.#run(isDiscarded, (context) =>
          deleteEntry(context, { type: "delete", dn: below(wanted.at) }),
        );
      case "modify":
        return this.#run(isDiscarded, (context) =>
          modifyEntry(context, {
            type: "modify",
            dn: dn(wanted.at),
            mods: wanted.mods.map(({ values, ...rest }) => ({ ...rest, values: bytes(values) })),
          }),
        );
      case "rename":
        return this.#run(isDiscarded, (context) =>
          modifyDn(context, {
            type: "modifyDn",
            dn: below(wanted.at),
            newRdn: `ou=${wanted.name}`,
            deleteOldRdn: true,
            newSuperior: dn(wanted.to),
          }),
        );
    }
  }

  #run(isDiscarded: boolean, operation: (context: WriteContext) => void): void {
    const { backend } = this.store;
    this.store.write((outer) => {
      const writes = new WriteSet();
      try {
        runWrite(
          backend,
          writes,
          {
            access: () => FULL_ACCESS,
            actor: { dn: "cn=root", isRoot: true },
            settings: { schemaCheck: true, syntaxCheck: true, lastMod: true },
            skew: { ignoreTimeSkew: false },
            now: NOW,
            random: { bytes: (count) => this.#bytes(count) },
          },
          (context) => {
            operation(context);
            this.#lookAt(context.store);
            if (isDiscarded) throw new LdapError("other", "discarded");
          },
          () => {},
        );
      } catch (error) {
        if (!(error instanceof LdapError)) throw error;
        writes.discard();
        return;
      }
      for (const callback of writes.apply()) outer.afterCommit(callback);
    });
  }

  /** Unlike every time. */
  #bytes(count: number): Buffer {
    this.#randomCount += 1;
    const out = Buffer.alloc(count);
    out.writeUIntBE(this.#randomCount, Math.max(0, count - 4), Math.min(4, count));
    return out;
  }

  /** Fills the memory for names. */
  #lookAt(reader: BackendReader): void {
    for (const id of reader.idsFrom(1, 1000)) reader.idOfDn(reader.getEntry(id).normalDn);
  }

  /** What an operation sees now is what is there. */
  check(): void {
    const { backend, kv } = this.store;
    kv.renew();
    const plain = new BackendReader(backend.tables, backend.suffix, backend.descriptions);
    const { writer } = backend.begin(new WriteSet());
    for (const id of plain.idsFrom(1, 1000)) {
      const { normalDn, dn } = plain.dnOf(id);
      assert.equal(writer.dnOf(id).dn, dn);
      assert.equal(writer.idOfDn(normalDn), id);
      const child = `ou=x,${normalDn}`;
      assert.equal(writer.idOfDn(child), plain.idOfDn(child));
    }
    for (const gone of ["ou=a,dc=test", "ou=b,ou=a,dc=test", "ou=c,ou=a,dc=test"]) {
      assert.equal(writer.idOfDn(`ou=d,${gone}`), plain.idOfDn(`ou=d,${gone}`));
    }
    this.#checkHints(plain);
  }

  /** Twice, because the first time leaves hints. */
  #checkHints(plain: BackendReader): void {
    const reader = this.#reader;
    reader.forgetNames();
    const names = plain.idsFrom(1, 1000).flatMap((id) => {
      const { normalDn } = plain.dnOf(id);
      return [normalDn, ...["a", "b", "c", "d"].map((child) => `ou=${child},${normalDn}`)];
    });
    for (const dn of [...names, ...names]) {
      const id = plain.idOfDn(dn);
      const entry = reader.entryOfDn(dn);
      assert.equal(entry?.id, id, dn);
      if (id !== undefined) assert.deepEqual(entry?.record, plain.getEntry(id).record);
      assert.equal(reader.idOfDn(dn), id);
    }
  }
}

suite("store/writes", () => {
  test("store/name-cache: operations see the names that stand in the tables", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 40, size: "max" }), (steps) => {
        const play = new Play();
        for (const one of steps) {
          play.take(one);
          play.check();
        }
        assert.deepEqual(play.store.verify(), []);
      }),
      { numRuns: 40 },
    );
  });
});
