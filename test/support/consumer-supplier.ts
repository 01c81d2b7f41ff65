// A supplier in front of a consumer in memory: it sends requests of the protocol and keeps the answers.
import { assert } from "chai";
import {
  INCREMENTAL_PROTOCOL_OID,
  NO_CONTROLS,
  REST_SESSION_OID,
  type RequestMessage,
  type Response,
  START_REPLICATION_90_OID,
  decodeReplicationResponse,
  encodeEndReplication,
  encodeStartReplication,
} from "../../src/protocol/index.ts";
import type { Change, UniqueId } from "../../src/replication/change/index.ts";
import { type Csn, makeCsn } from "../../src/replication/csn/index.ts";
import { requestOfChange } from "../../src/replication/supplier/index.ts";
import { MemoryReplica, SUFFIX } from "./memory-replica.ts";

/** Of the Start that `ConsumerSupplier.start` sends unless it is told otherwise. */
export const START_CSN = makeCsn(1_000_000, 0, 9);

export interface StartOptions {
  readonly protocolOid?: string;
  readonly suffix?: string;
  readonly ruv?: readonly string[];
  readonly referrals?: readonly string[];
  readonly csn?: string;
  readonly oid?: string;
}

/** Its replica ID is 9 on connection 1, 10 on connection 2 and so on. */
export class ConsumerSupplier {
  readonly replica: MemoryReplica;
  readonly answers: { response: Response; controls: readonly { oid: string }[] }[] = [];
  isClosed = false;
  readonly connection;

  constructor(replica: MemoryReplica, id: number, boundDn = "cn=manager") {
    this.replica = replica;
    const close = (): void => {
      this.isClosed = true;
      replica.requests.closed(id);
    };
    this.connection = { id, boundDn, label: `conn=${id}`, close };
  }

  send(message: Omit<RequestMessage, "messageId">): boolean {
    return this.replica.requests.handle(
      this.connection,
      { messageId: 1, ...message },
      (response, controls) => this.answers.push({ response, controls }),
    );
  }

  /** The code of the answer. */
  start(options: StartOptions = {}): number {
    const value = encodeStartReplication({
      protocolOid: options.protocolOid ?? INCREMENTAL_PROTOCOL_OID,
      suffix: options.suffix ?? SUFFIX,
      ruv: options.ruv ?? [
        "{replicageneration} g",
        `{replica ${8 + this.connection.id} ldap://s${8 + this.connection.id}:389}`,
      ],
      referrals: options.referrals ?? [],
      csn: options.csn ?? START_CSN,
      sessionData: undefined,
    });
    const oid = options.oid ?? START_REPLICATION_90_OID;
    this.send({ request: { type: "extended", oid, value }, controls: NO_CONTROLS });
    return this.lastCode();
  }

  end(): number {
    this.sendEnd();
    return this.lastCode();
  }

  sendEnd(): void {
    const value = encodeEndReplication({ suffix: SUFFIX, ruv: [] });
    const oid = "2.16.840.1.113730.3.5.5";
    this.send({ request: { type: "extended", oid, value }, controls: NO_CONTROLS });
  }

  /** Everything is sent: the session is kept. Its end is the last answer then. */
  keep(): void {
    const value = encodeEndReplication({ suffix: SUFFIX, ruv: [] });
    this.send({
      request: { type: "extended", oid: REST_SESSION_OID, value },
      controls: NO_CONTROLS,
    });
  }

  lastCode(): number {
    const last = this.answers.at(-1)?.response;
    assert.ok(last?.type === "extendedResponse");
    return decodeReplicationResponse(last.value).code;
  }

  change(csn: Csn, dn = "cn=a"): void {
    const uniqueId = "00000000-00000000-00000000-00000001" as UniqueId;
    const change: Change = { type: "delete", csn, uniqueId, dn };
    this.send(requestOfChange(change));
  }

  /** Results of changes so far: code and message. */
  results(): string[] {
    return this.answers.flatMap(({ response }) =>
      response.type === "deleteResponse"
        ? [`${response.result.code} ${response.result.message}`.trim()]
        : [],
    );
  }
}

/** Until the consumer has done what it was asked. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export function setUpConsumer(boundDn?: string): {
  replica: MemoryReplica;
  supplier: ConsumerSupplier;
} {
  const replica = new MemoryReplica(2);
  return { replica, supplier: new ConsumerSupplier(replica, 1, boundDn) };
}
