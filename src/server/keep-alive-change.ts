// The change by which a supplier writes its keep-alive entry (replication-protocol 7.3): the entry is added when it is missing, else
// its time is replaced.
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
import type { Change, UniqueId } from "../replication/change/index.ts";
import type { Csn, ReplicaId } from "../replication/csn/index.ts";
import type { BackendWriter } from "../store/index.ts";

/** modifiersName of what replication itself writes (389's name, which other servers know). */
const PLUGIN_DN = "cn=Multisupplier Replication Plugin,cn=plugins,cn=config";

export interface KeepAliveFacts {
  readonly suffixDn: string;
  readonly replicaId: ReplicaId;
  readonly now: Millis;
  readonly random: Random;
  /** Asked only if something is to be written. */
  readonly issueCsn: () => Csn;
}

/** undefined: nothing is to be written. */
export function keepAliveChange(
  writer: BackendWriter,
  reason: KeepAliveReason,
  facts: KeepAliveFacts,
): Change | undefined {
  if (writer.suffixId === undefined) return undefined;
  const dn = keepAliveDn(facts.replicaId, facts.suffixDn);
  const id = writer.idOfDn(writer.descriptions.schema.normalizeDnText(dn));
  switch (keepAliveWrite(reason, id !== undefined)) {
    case "add":
      return addition(dn, writer.getEntry(writer.suffixId).uniqueId, facts);
    case "modify": {
      const mods = [...keepAliveMods(formatTime(facts.now)), ...lastMods(facts.now)];
      return id === undefined
        ? undefined
        : {
            type: "modify",
            csn: facts.issueCsn(),
            uniqueId: writer.getEntry(id).uniqueId,
            dn,
            mods,
          };
    }
    case "none":
      return undefined;
  }
}

/** The removal of the entry of a supplier that is gone for good (`facts.replicaId`); undefined: there is none. */
export function keepAliveRemoval(
  writer: BackendWriter,
  { suffixDn, replicaId, issueCsn }: KeepAliveFacts,
): Change | undefined {
  const dn = keepAliveDn(replicaId, suffixDn);
  const id = writer.idOfDn(writer.descriptions.schema.normalizeDnText(dn));
  if (id === undefined || writer.getEntry(id).childCount > 0) return undefined;
  return { type: "delete", csn: issueCsn(), uniqueId: writer.getEntry(id).uniqueId, dn };
}

function addition(
  dn: string,
  parentUniqueId: UniqueId,
  { replicaId, now, random, issueCsn }: KeepAliveFacts,
): Change {
  const uniqueId = newUniqueId(now, random);
  const text = (type: string, value: string): AttributeValues => ({
    type,
    values: [Buffer.from(value)],
  });
  const attributes = [
    ...keepAliveAttributes(replicaId),
    text("creatorsName", PLUGIN_DN),
    text("modifiersName", PLUGIN_DN),
    text("createTimestamp", formatTime(now)),
    text("modifyTimestamp", formatTime(now)),
    text("nsUniqueId", uniqueId),
  ];
  return { type: "add", csn: issueCsn(), uniqueId, dn, attributes, parentUniqueId };
}

function lastMods(now: Millis): Mod[] {
  const replace = (type: string, value: string): Mod => ({
    operation: "replace",
    type,
    values: [Buffer.from(value)],
  });
  return [replace("modifiersname", PLUGIN_DN), replace("modifytimestamp", formatTime(now))];
}
