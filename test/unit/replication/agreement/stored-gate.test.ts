// The row that closes the catch-up gate at the next start.
import { assert } from "chai";
import { decodeGate, encodeGate } from "../../../../src/replication/agreement/index.ts";
import { makeCsn } from "../../../../src/replication/csn/index.ts";

suite("replication/stored gate", () => {
  test("replication/stored-gate: what was stored comes back", () => {
    for (const lastIssued of [undefined, makeCsn(7, 0, 1)]) {
      const gate = { reason: "restore", lastIssued } as const;
      assert.deepEqual(decodeGate(encodeGate(gate)), gate);
    }
  });

  test("replication/stored-gate: a reason that is not known closes nothing", () => {
    assert.isUndefined(decodeGate(Buffer.from('{"reason":"whim"}')));
  });
});
