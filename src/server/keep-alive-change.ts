// The change that makes or touches the keep-alive entry of this supplier (replication-protocol 7.3), as 389 writes it.
import type { Millis, Random } from "../base/index.ts";
import { formatTime, newUniqueId } from "../operation/index.ts";
import type { AttributeValues, Mod } from "../protocol/index.ts";
import {
  type KeepAliveReason,
  keepAliveAttributes,
  keepAliveDn,
  keepAliveMods,
  keepAliveWrite,
} from "../replication/agreement/index.ts";
import type { Change } from "../replication/change/index.ts";
import type { Csn, ReplicaId } from "../replication/csn/index.ts";
import type { Backend, BackendTxn } from "../store/index.ts";

/** modifiersName of what replication itself writes (389's name, which other servers know). */
const PLUGIN_DN = "cn=Multisupplier Replication Plugin,cn=plugins,cn=config";

export interface KeepAliveContext {
  readonly replicaId: ReplicaId;
  readonly now: Millis;
  readonly random: Random;
  issueCsn(): Csn;
}

/** undefined: there is nothing to be written. No CSN is issued then. */
export function keepAliveChange(
  backend: Backend,
  txn: BackendTxn,
  reason: KeepAliveReason,
  context: KeepAliveContext,
): Change | undefined {
  const { writer } = txn;
  const { suffixId } = writer;
  if (suffixId === undefined) return undefined;
  const { replicaId, now } = context;
  const dn = keepAliveDn(replicaId, backend.suffixDn);
  const id = writer.idOfDn(backend.schema.normalizeDnText(dn));
  const todo = keepAliveWrite(reason, id !== undefined);
  if (todo === "modify" && id !== undefined) {
    const mods = [...keepAliveMods(formatTime(now)), ...lastMods(now)];
    const { uniqueId } = writer.getEntry(id);
    return { type: "modify", csn: context.issueCsn(), uniqueId, dn, mods };
  }
  if (todo !== "add") return undefined;
  const uniqueId = newUniqueId(now, context.random);
  const attributes = [
    ...keepAliveAttributes(replicaId),
    text("creatorsName", PLUGIN_DN),
    text("modifiersName", PLUGIN_DN),
    text("createTimestamp", formatTime(now)),
    text("modifyTimestamp", formatTime(now)),
    text("nsUniqueId", uniqueId),
  ];
  const parentUniqueId = writer.getEntry(suffixId).uniqueId;
  return { type: "add", csn: context.issueCsn(), uniqueId, dn, attributes, parentUniqueId };
}

const text = (type: string, value: string): AttributeValues => ({
  type,
  values: [Buffer.from(value)],
});

function lastMods(now: Millis): Mod[] {
  const replace = (type: string, value: string): Mod => ({
    operation: "replace",
    type,
    values: [Buffer.from(value)],
  });
  return [replace("modifiersname", PLUGIN_DN), replace("modifytimestamp", formatTime(now))];
}
