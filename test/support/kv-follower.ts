// A process that follows the database of the one that has started it: `fork` it with the folder as its argument. For each message
// it answers what it sees.
import { openLmdb } from "../../src/kv/lmdb.ts";

export interface FollowerSight {
  readonly value: string | undefined;
  readonly snapshot: number;
  /** How often it has heard that there were commits. */
  readonly heardCount: number;
}

const kv = openLmdb(process.argv[2] ?? "", { sharing: "follows" });
let heardCount = 0;
kv.onCommits = () => {
  heardCount += 1;
};

process.on("message", () => {
  kv.renew();
  const value = kv.idTable("values").getCopy(1)?.toString("utf8");
  const sight: FollowerSight = { value, snapshot: kv.snapshot, heardCount };
  process.send?.(sight);
});
process.on("disconnect", () => process.exit(0));
process.send?.("ready");
