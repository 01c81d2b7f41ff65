// Two replicas in memory that are compared by their digests over the codec, while changes are on their way between them.
import { assert } from "chai";
import fc from "fast-check";
import {
  type DigestComparison,
  compareDigests,
} from "../../../../src/cli/replication/digest-comparison.ts";
import { DigestSide } from "../../../../src/cli/replication/digest-side.ts";
import { decodeReadDigest, encodeReadDigestResponse } from "../../../../src/protocol/index.ts";
import type { Change, UniqueId } from "../../../../src/replication/change/index.ts";
import { makeCsn } from "../../../../src/replication/csn/index.ts";
import { readDigest } from "../../../../src/server/digest-reading.ts";
import { StoreBackend } from "../../../support/store-backend.ts";

const SUFFIX = "dc=test";
const ENTRIES = 40;
/** Changes of origin 3 are the same everywhere, or planted. */
const ORIGIN = 3;

const idOf = (n: number): UniqueId =>
  `00000000-11111111-22222222-${n.toString(16).padStart(8, "0")}` as UniqueId;
const hexOf = (n: number): string => idOf(n).replaceAll("-", "");
const dnOf = (n: number): string => (n === 0 ? SUFFIX : `cn=${n},${SUFFIX}`);
const bytes = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));
const csnOf = (origin: number, n: number): Change["csn"] => makeCsn(1000 + n, 0, origin);

function addition(n: number): Change {
  const type = n === 0 ? "domain" : "person";
  return {
    type: "add",
    csn: csnOf(ORIGIN, n),
    uniqueId: idOf(n),
    dn: dnOf(n),
    attributes: [{ type: "objectClass", values: bytes(type, "top") }],
    parentUniqueId: n === 0 ? undefined : idOf(0),
  };
}

const modification = (origin: number, time: number, entry: number, value: string): Change => ({
  type: "modify",
  csn: csnOf(origin, time),
  uniqueId: idOf(entry),
  dn: dnOf(entry),
  mods: [{ operation: "replace", type: "description", values: bytes(value) }],
});

const removal = (origin: number, time: number, entry: number): Change => ({
  type: "delete",
  csn: csnOf(origin, time),
  uniqueId: idOf(entry),
  dn: dnOf(entry),
});

/** `step` runs before each answer. */
class Pair {
  readonly stores: readonly [StoreBackend, StoreBackend];
  step: (() => void) | undefined;
  answers = 0;

  constructor() {
    const make = (): StoreBackend => {
      const store = new StoreBackend(SUFFIX).replicate();
      for (let n = 0; n < ENTRIES; n += 1) store.apply(addition(n));
      return store;
    };
    this.stores = [make(), make()];
  }

  /** Different changes under the same CSNs: no update vector tells. */
  plant(): readonly string[] {
    const [a, b] = this.stores;
    a.apply(modification(ORIGIN, 100, 7, "a"));
    b.apply(modification(ORIGIN, 100, 7, "b"));
    a.apply(modification(ORIGIN, 101, 8, "a"));
    b.apply(removal(ORIGIN, 101, 8));
    return [hexOf(7), hexOf(8)];
  }

  compare(waitMs = 60_000): Promise<DigestComparison> {
    const side = (store: StoreBackend, url: string): DigestSide =>
      new DigestSide(
        {
          url,
          extended: (_, value) => {
            this.step?.();
            this.answers += 1;
            store.settle();
            const answer = readDigest(store.backend.tables, decodeReadDigest(value));
            return Promise.resolve(encodeReadDigestResponse(answer));
          },
        },
        SUFFIX,
      );
    const sides = [side(this.stores[0], "a"), side(this.stores[1], "b")] as const;
    return compareDigests(sides, { waitMs, pause: () => Promise.resolve() });
  }
}

suite("cli/digest-comparison", () => {
  test("cli/digest-comparison: equal replicas are known by one answer of each", async () => {
    const pair = new Pair();
    const { first, second, differs, unsettled } = await pair.compare();
    assert.equal(first.digest, second.digest);
    assert.equal(first.digest, pair.stores[0].digest().digest);
    assert.equal(first.entries, ENTRIES);
    assert.deepEqual([differs, unsettled], [[], []]);
    assert.equal(pair.answers, 2);
  });

  test("cli/digest-comparison: at equal update vectors differences are certain at once", async () => {
    const pair = new Pair();
    const planted = pair.plant();
    const { differs, unsettled } = await pair.compare();
    assert.sameMembers([...differs], [...planted]);
    assert.deepEqual(unsettled, []);
    assert.equal(pair.answers, 6);
  });

  test("cli/digest-comparison: a change that does not arrive is no difference", async () => {
    const pair = new Pair();
    const planted = pair.plant();
    pair.stores[0].apply(modification(1, 200, 9, "new"));
    const { differs, unsettled } = await pair.compare(20);
    assert.deepEqual(differs, []);
    assert.sameMembers([...unsettled], [...planted, hexOf(9)]);
  });

  test("cli/digest-comparison: other generations cannot be compared", async () => {
    const pair = new Pair();
    const { backend } = pair.stores[1];
    const { ruv, generator } = backend.newest;
    const other = ruv && { ...ruv, generation: "00000009000000010000" };
    pair.stores[1].write((writes) => backend.putFacts(writes, { ruv: other, generator }));
    const error = await pair.compare().then(
      () => undefined,
      (reason: Error) => reason,
    );
    assert.match(error?.message ?? "", /different generations/);
  });

  test("cli/digest-comparison: finds what is planted and nothing else while changes are on their way", async () => {
    const change = fc.record({
      origin: fc.constantFrom(0, 1),
      entry: fc.integer({ min: 1, max: ENTRIES - 1 }),
      kind: fc.constantFrom("modify", "modify", "modify", "delete"),
      lag: fc.nat(6),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 5, maxLength: 40 }), async (changes) => {
        const pair = new Pair();
        const planted = pair.plant();
        const onTheWay: { change: Change; to: StoreBackend; at: number; from: number }[] = [];
        let now = 0;
        pair.step = () => {
          const next = changes[now];
          now += 1;
          if (next !== undefined && next.entry !== 7 && next.entry !== 8) {
            const { origin, entry } = next;
            const made =
              next.kind === "delete"
                ? removal(origin + 1, 200 + now, entry)
                : modification(origin + 1, 200 + now, entry, `value ${now}`);
            pair.stores[origin as 0 | 1].apply(made);
            const to = pair.stores[origin === 0 ? 1 : 0];
            onTheWay.push({ change: made, to, at: now + next.lag, from: origin });
          }
          for (const origin of [0, 1]) {
            for (;;) {
              const first = onTheWay.findIndex(({ from }) => from === origin);
              const item = onTheWay[first];
              if (item === undefined || item.at > now) break;
              item.to.apply(item.change);
              onTheWay.splice(first, 1);
            }
          }
        };
        const { differs, unsettled } = await pair.compare();
        assert.sameMembers([...differs], [...planted]);
        assert.deepEqual(unsettled, []);
      }),
      { numRuns: 60 },
    );
  }).timeout(60_000);
});
