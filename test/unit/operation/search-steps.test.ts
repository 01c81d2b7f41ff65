// A search in steps: it stops when its sink is full and when its slice is over, goes on where it was, and ends when its time is up.
import { assert } from "chai";
import type { Millis } from "../../../src/base/index.ts";
import type { EntryView } from "../../../src/entry/index.ts";
import { compileFilter, parseFilter } from "../../../src/filter/index.ts";
import {
  candidateEntry,
  FULL_ACCESS,
  Search,
  type SearchLimits,
  SEARCH_SLICE_MS,
  type SearchSource,
  Selection,
} from "../../../src/operation/index.ts";
import { ResultCode } from "../../../src/protocol/index.ts";
import { loadShippedSchema } from "../schema/shipped-schema.ts";

const schema = loadShippedSchema();
const SUFFIX = "dc=example,dc=com";
/** Candidates after which a search looks at the clock. */
const LOOK = 32;

function source(count: number): SearchSource {
  const entries = Array.from({ length: count }, (_, i) => named(`cn=e${i},${SUFFIX}`));
  return {
    find: () => named(SUFFIX),
    nearest: () => undefined,
    candidates: () => ({ unindexed: false, entries }),
    visibility: () => "plain",
    referralUrls: () => [],
  };
}

const named = (dn: string): EntryView => candidateEntry(dn, dn, []);

class Run {
  readonly found: string[] = [];
  now = 0;
  roomFor = Infinity;
  readonly #search: Search;

  constructor(count: number, limits: Partial<SearchLimits> = {}) {
    const filter = parseFilter("(&)");
    this.#search = new Search(
      {
        source: source(count),
        request: {
          type: "search",
          base: SUFFIX,
          scope: "sub",
          derefAliases: 0,
          sizeLimit: 0,
          timeLimit: 0,
          typesOnly: false,
          filter,
          attributes: [],
        },
        baseNormalDn: SUFFIX,
        matcher: compileFilter(filter, schema),
        selection: Selection.parse([], schema),
        access: FULL_ACCESS,
        limits: {
          sizeMax: undefined,
          timeMaxMs: undefined,
          lookThroughMax: undefined,
          isIndexRequired: () => false,
          ...limits,
        },
        subentries: "no",
        seesTombstones: false,
        manageDsaIt: false,
        clock: { now: () => this.now as Millis },
      },
      {
        entry: ({ dn }) => this.found.push(dn),
        reference: () => {},
        full: () => this.found.length >= this.roomFor,
      },
    );
  }

  /** The result code, or undefined: there is more to do. */
  step(): number | undefined {
    return this.#search.step()?.result.code;
  }
}

suite("operation/search-steps", () => {
  test("operation/search-steps: a full sink is given nothing, and everything once when there is room", () => {
    const run = new Run(5);
    run.roomFor = 0;
    assert.isUndefined(run.step());
    assert.isEmpty(run.found);
    run.roomFor = 2;
    assert.isUndefined(run.step());
    assert.lengthOf(run.found, 2);
    run.roomFor = Infinity;
    assert.equal(run.step(), ResultCode.success);
    assert.deepEqual(
      run.found,
      [0, 1, 2, 3, 4].map((i) => `cn=e${i},${SUFFIX}`),
    );
  });

  test("operation/search-steps: a slice that is over ends the step, and the next one loses no entry", () => {
    const run = new Run(3 * LOOK);
    run.roomFor = LOOK + 1;
    assert.isUndefined(run.step());
    run.roomFor = Infinity;
    run.now += SEARCH_SLICE_MS;
    assert.isUndefined(run.step());
    assert.lengthOf(run.found, 2 * LOOK);
    // Others may have had their turn for long: the slice begins anew.
    run.now += 10 * SEARCH_SLICE_MS;
    assert.equal(run.step(), ResultCode.success);
    assert.lengthOf(new Set(run.found), 3 * LOOK);
  });

  test("operation/search-steps: a search whose time is up ends with what it has sent", () => {
    const run = new Run(4 * LOOK, { timeMaxMs: 1_000 });
    run.roomFor = LOOK + 1;
    assert.isUndefined(run.step());
    run.roomFor = Infinity;
    run.now += 1_001;
    assert.equal(run.step(), ResultCode.timeLimitExceeded);
    assert.lengthOf(run.found, 2 * LOOK);
  });

  test("operation/search-steps: one entry more than the client takes is told and not sent", () => {
    const run = new Run(3, { sizeMax: 2 });
    assert.equal(run.step(), ResultCode.sizeLimitExceeded);
    assert.lengthOf(run.found, 2);
    assert.equal(new Run(2, { sizeMax: 2 }).step(), ResultCode.success);
  });
});
