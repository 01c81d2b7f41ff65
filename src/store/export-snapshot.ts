// A backend to be read as it was at one moment: for export, verification and digest. All reading must happen within one turn of
// the event loop, on a Kv that nobody else renews in it; LMDB then keeps the pages of that moment, so that a server that goes on
// writing makes the file grow by what it writes meanwhile. Therefore such work runs where it is done quickly: in a command of its
// own process, or in a thread.
import { Descriptions } from "../entry/index.ts";
import type { Kv } from "../kv/index.ts";
import type { Schema } from "../schema/index.ts";
import { Backend } from "./backend.ts";
import { descriptionTable } from "./description-table.ts";

export interface SnapshotOptions {
  /** In lower case. */
  readonly name: string;
  readonly suffix: string;
  readonly schema: Schema;
}

/** The backend at the newest commit. Never write through it. */
export function openSnapshot(kv: Kv, { name, suffix, schema }: SnapshotOptions): Backend {
  const load = (): Descriptions => new Descriptions(schema, () => storedDescriptions(kv));
  const backend = new Backend(kv, { name, suffix, descriptions: load() });
  // Made anew at the moment of the snapshot: a number that is given here from now on can be none that is stored.
  backend.useDescriptions(load());
  return backend;
}

function* storedDescriptions(kv: Kv): Iterable<{ id: number; text: string }> {
  for (const { key, value } of descriptionTable(kv).range()) {
    yield { id: key, text: value.toString("utf8") };
  }
}
