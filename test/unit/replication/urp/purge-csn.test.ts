// How far the purge goes: a table of update vectors. Times are seconds; `a:5` is replica a's newest change at second 5,
// `a:0` one that is known and has made none.
import { assert } from "chai";
import { type Csn, type ReplicaId, makeCsn } from "../../../../src/replication/csn/index.ts";
import {
  type Ruv,
  advanceRuv,
  makeRuv,
  withSupplier,
} from "../../../../src/replication/ruv/index.ts";
import { nextPurgeCsn } from "../../../../src/replication/urp/index.ts";

const OWN = 1 as ReplicaId;
const NOW = 10_000;

function ruv(text: string, generation = "g"): Ruv {
  let out = makeRuv(generation);
  for (const part of text.split(" ").filter((one) => one !== "")) {
    const [replicaId, seconds] = part.split(":").map(Number) as [number, number];
    if (seconds === 0) {
      out = withSupplier(out, { replicaId: replicaId as ReplicaId, purl: undefined }, OWN);
      continue;
    }
    out = advanceRuv(out, makeCsn(seconds, 3, replicaId), NOW);
  }
  return out;
}

const at = (seconds: number): Csn => makeCsn(seconds, 0, 0);

interface Case {
  readonly name: string;
  readonly local: string;
  readonly partners?: readonly (Ruv | undefined)[];
  readonly delay?: number;
  readonly hold?: number;
  readonly previous?: number;
  readonly expected: number | undefined;
}

const CASES: readonly Case[] = [
  { name: "alone, it follows the clock", local: "1:5", expected: 9_000 },
  { name: "no delay means never", local: "1:5", delay: 0, expected: undefined },
  { name: "no delay keeps what was", local: "1:5", delay: -1, previous: 7, expected: 7 },
  {
    name: "what a partner has acknowledged bounds it",
    local: "1:9500 2:9600",
    partners: [ruv("1:8000 2:9600"), ruv("1:9500 2:9600")],
    expected: 8_000,
  },
  {
    name: "a partner's own last change bounds it, though it knows that one",
    local: "1:9500 2:8500",
    partners: [ruv("1:9500 2:8500")],
    expected: 8_500,
  },
  {
    name: "what has arrived here from others bounds it, without any agreement too",
    local: "1:9500 2:7000",
    expected: 7_000,
  },
  {
    name: "a supplier of whom nothing has arrived yet holds it",
    local: "1:9500 2:0",
    hold: 500,
    expected: 8_500,
  },
  { name: "our own silence does not", local: "1:10", partners: [ruv("1:10")], expected: 9_000 },
  {
    name: "a partner without any change of a replica holds it",
    local: "1:9500 2:9600",
    partners: [ruv("1:9500")],
    hold: 500,
    expected: 8_500,
  },
  {
    name: "a partner that was never heard holds it",
    local: "1:9500",
    partners: [undefined],
    hold: 500,
    expected: 8_500,
  },
  {
    name: "a partner with other data does not",
    local: "1:9500",
    partners: [ruv("1:10", "h")],
    expected: 9_000,
  },
  { name: "it never goes back", local: "1:5", previous: 9_500, expected: 9_500 },
  {
    name: "before the beginning of time there is nothing",
    local: "1:5",
    delay: 20_000,
    expected: undefined,
  },
];

suite("replication/urp: purge-csn", () => {
  for (const { name, local, partners = [], expected, ...given } of CASES) {
    test(`urp/purge-csn: ${name}`, () => {
      const next = nextPurgeCsn({
        delaySeconds: given.delay ?? 1_000,
        nowSeconds: NOW,
        ownReplicaId: OWN,
        local: ruv(local),
        partners,
        previous: given.previous === undefined ? undefined : at(given.previous),
        ...(given.hold === undefined ? {} : { holdSeconds: given.hold }),
      });
      assert.equal(next, expected === undefined ? undefined : at(expected));
    });
  }
});
