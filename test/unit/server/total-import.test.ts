// Of states that come in one request: what is answered, and what is taken, when one of them is refused.
import { assert } from "chai";
import {
  type TotalState,
  decodeTotalStates,
  encodeTotalState,
  encodeTotalStates,
} from "../../../src/protocol/index.ts";
import { TotalImport } from "../../../src/server/total-import.ts";
import {
  type Backend,
  BackendStateSource,
  exportLdif,
  openSnapshot,
} from "../../../src/store/index.ts";
import { addUnit, madeCsn, madeUniqueId } from "../../support/made-changes.ts";
import { openNewInstance } from "../../support/offline-instance.ts";
import { StoreBackend } from "../../support/store-backend.ts";

const SUFFIX = "ou=root";
const UNITS = ["a", "b", "c"];

/** Those of the suffix entry and of the units, as a supplier sends them. */
function sentStates(): readonly TotalState[] {
  const supplier = new StoreBackend(SUFFIX).replicate();
  supplier.apply(addUnit(madeUniqueId(1), SUFFIX, madeCsn(1, 1)));
  UNITS.forEach((name, i) => {
    const csn = madeCsn(2 + i, 1);
    supplier.apply(addUnit(madeUniqueId(2 + i), `ou=${name},${SUFFIX}`, csn, madeUniqueId(1)));
  });
  const { ruv } = supplier.backend.committed;
  if (ruv === undefined) throw new Error("the supplier is a replica");
  const items = [...new BackendStateSource(supplier.snapshot()).items(ruv)];
  return items.flatMap((item) => (item.type === "state" ? [item.state] : []));
}

async function openImport(): Promise<{
  send(...states: readonly TotalState[]): Promise<string>;
  finish(): Promise<readonly string[]>;
}> {
  const { directory, close } = await openNewInstance(SUFFIX);
  const backend = directory.backends.get("userroot") as Backend;
  const { kv, schema } = directory;
  const total = new TotalImport(directory, backend);
  return {
    send: (...states) => {
      const encoded = states.map(encodeTotalState);
      const bytes = encodeTotalStates(encoded, Buffer.concat(encoded).length);
      return total.put(() => ({ type: "states", states: decodeTotalStates(bytes) }));
    },
    finish: async () => {
      await total.finish(() => ({ facts: { ruv: undefined, generator: undefined } }));
      kv.renew();
      const snapshot = openSnapshot(kv, { name: "userroot", suffix: SUFFIX, schema });
      const ldif = [...exportLdif(snapshot, { withState: false })]
        .map((piece) => piece.toString())
        .join("");
      await close();
      return [...ldif.matchAll(/^dn: (.*)$/gm)].map(([, dn = ""]) => dn);
    },
  };
}

suite("server/total-import", () => {
  test("server/total-import: all states of a request are taken", async () => {
    const { send, finish } = await openImport();
    assert.strictEqual(await send(...sentStates()), "put");
    assert.sameMembers(
      [...(await finish())],
      [SUFFIX, ...UNITS.map((name) => `ou=${name},${SUFFIX}`)],
    );
  });

  test("server/total-import: behind a refused state of a request none is taken", async () => {
    const [root, a, b, c] = sentStates() as [TotalState, TotalState, TotalState, TotalState];
    const { send, finish } = await openImport();
    assert.strictEqual(await send(root, a), "put");
    assert.strictEqual(await send(b, a, c), "refused");
    assert.sameMembers([...(await finish())], [SUFFIX, `ou=a,${SUFFIX}`, `ou=b,${SUFFIX}`]);
  });
});
