// Repairs entries in which this replica differs from another one with the same changes (protocol/extended/entry-state.ts): reads
// the state of entries, and joins states that the other has. Whatever role the replica has: no change is made.
import type { Reply } from "../frontend/index.ts";
import { guarded, takeEffects } from "../operation/index.ts";
import {
  type EntryState,
  type ExtendedRequest,
  JOIN_ENTRY_STATE_OID,
  type JoinedState,
  LdapError,
  READ_ENTRY_STATE_OID,
  SUCCESS,
  decodeEntryState,
  decodeJoinEntryState,
  decodeReadEntryState,
  encodeEntryState,
  encodeJoinEntryStateResponse,
  encodeReadEntryStateResponse,
} from "../protocol/index.ts";
import { decodeUniqueId } from "../replication/change/index.ts";
import { readRuv } from "../replication/changelog/index.ts";
import { type Ruv, formatRuv, parseRuv } from "../replication/ruv/index.ts";
import { hasChangesOf, joinEntryState, readEntryStates } from "../store/index.ts";
import type { Directory } from "./directory.ts";
import type { Identity } from "./identity.ts";
import type { Replica } from "./replica.ts";

/** Entries in one request. */
const ENTRIES_MAX = 64;
/** Once an answer has so many bytes, the rest has to be asked for again. */
const ANSWER_BYTES_MAX = 256 * 1024;

export interface EntryRepairParts {
  readonly directory: Directory;
  /** By the suffix as it was sent. */
  findReplica(suffix: string): Replica | undefined;
  onDefect(error: unknown): void;
}

interface Asked {
  readonly replica: Replica;
  /** Of the server that the states are from. */
  readonly theirs: Ruv;
  readonly states: readonly EntryState[];
}

export class EntryRepair {
  readonly #parts: EntryRepairParts;

  constructor(parts: EntryRepairParts) {
    this.#parts = parts;
  }

  /** For the root DN and those who may supply the replica. false: the request is another one. @throws LdapError */
  handle(identity: Identity | undefined, { oid, value }: ExtendedRequest, reply: Reply): boolean {
    if (oid === READ_ENTRY_STATE_OID) {
      send(reply, this.#read(identity, value));
      return true;
    }
    if (oid !== JOIN_ENTRY_STATE_OID) return false;
    this.#join(identity, this.#ask(identity, value)).then(
      (joined) => send(reply, encodeJoinEntryStateResponse(joined)),
      (error: unknown) => {
        if (!(error instanceof LdapError)) return this.#parts.onDefect(error);
        const result = error.result();
        reply.send({ type: "extendedResponse", result, oid: undefined, value: undefined });
      },
    );
    return true;
  }

  #read(identity: Identity | undefined, value: Buffer | undefined): Buffer {
    const { suffix, uniqueIds } = decodeReadEntryState(value);
    checkCount(uniqueIds.length);
    const { backend } = this.#getReplica(identity, suffix);
    const ruv = readRuv(backend.tables.meta);
    if (ruv === undefined || backend.suffixUniqueId === undefined) throw noData();
    const ids = uniqueIds.map((hex) => decodeUniqueId(Buffer.from(hex, "hex")));
    const states: Buffer[] = [];
    const related = new Set<string>();
    let bytes = 0;
    for (const { state, related: others } of readEntryStates(backend, ids)) {
      if (bytes >= ANSWER_BYTES_MAX) break;
      const encoded = state === undefined ? Buffer.alloc(0) : encodeEntryState(state);
      states.push(encoded);
      bytes += encoded.length;
      for (const id of others) related.add(id.replaceAll("-", ""));
    }
    return encodeReadEntryStateResponse({ ruv: formatRuv(ruv), states, related: [...related] });
  }

  /** Whatever is wrong with a request is found before anything of it is done. */
  #ask(identity: Identity | undefined, value: Buffer | undefined): Asked {
    const { suffix, ruv, states } = decodeJoinEntryState(value);
    checkCount(states.length);
    const replica = this.#getReplica(identity, suffix);
    const theirs = parseRuv(ruv);
    if (theirs === undefined) throw new LdapError("protocolError", "There is no update vector");
    return { replica, theirs, states: states.map(decodeEntryState) };
  }

  async #join(
    identity: Identity | undefined,
    { replica, theirs, states }: Asked,
  ): Promise<readonly JoinedState[]> {
    const joined = await Promise.all(states.map((state) => this.#joinOne(replica, state, theirs)));
    const count = joined.filter(({ outcome }) => outcome === "joined").length;
    if (count > 0) {
      const by = identity?.dn ?? "";
      this.#parts.directory.log.info("replica.entries.joined", {
        suffix: replica.suffix,
        count,
        by,
      });
    }
    return joined;
  }

  /** A transaction of its own, with whatever else waits for the write queue. */
  #joinOne(replica: Replica, state: EntryState, theirs: Ruv): Promise<JoinedState> {
    const { backend } = replica;
    return this.#parts.directory.queue.submit((writes) =>
      guarded(backend, writes, () => {
        const { ruv } = backend.newest;
        if (ruv === undefined || replica.import.isActive || !backend.keepsState) throw noData();
        if (ruv.generation !== theirs.generation) {
          throw new LdapError("unwillingToPerform", "The data is of another generation");
        }
        const isBehind = !hasChangesOf(state, ruv, theirs);
        const txn = backend.begin(writes);
        const { isChanged, reasons } = isBehind ? BEHIND : joinEntryState(backend, txn, state);
        const outcome = isBehind ? "behind" : isChanged ? "joined" : "unchanged";
        const effects = takeEffects(backend, writes, txn, undefined);
        const committed = (): void => replica.noteRepair(effects);
        return { result: { outcome, reasons } as const, committed };
      }),
    );
  }

  /** @throws LdapError operationsError: there is none · insufficientAccessRights */
  #getReplica(identity: Identity | undefined, suffix: string): Replica {
    const replica = this.#parts.findReplica(suffix);
    if (replica === undefined) throw new LdapError("operationsError", "There is no such replica");
    if (identity?.isRoot !== true && !replica.maySupply(identity?.normalDn ?? "")) {
      throw new LdapError("insufficientAccessRights", "");
    }
    return replica;
  }
}

const BEHIND = {
  isChanged: false,
  reasons: ["the server lacks changes that the other one has"],
};

const noData = (): LdapError =>
  new LdapError("busy", "The replica has no data, or it is being replaced");

function checkCount(count: number): void {
  if (count <= ENTRIES_MAX) return;
  throw new LdapError("protocolError", `More than ${ENTRIES_MAX} entries in one request`);
}

const send = (reply: Reply, value: Buffer): void =>
  reply.send({ type: "extendedResponse", result: SUCCESS, oid: undefined, value });
