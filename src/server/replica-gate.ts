// The catch-up gate of one replica (replication/agreement/catch-up-gate.ts): who is heard, what writers are told while it is closed,
// and the row by which a restart finds it closed. The row is written before the data is replaced: whatever happens in between, the
// new data is never served without it.
import { LdapError } from "../protocol/index.ts";
import {
  GATE_LIMIT_MS_DEFAULT,
  GATE_OPEN,
  GATE_TABLE,
  type GateFacts,
  type GateReason,
  type GateState,
  type StoredGate,
  closeGate,
  decodeGate,
  describeGate,
  encodeGate,
  forgetPeer,
  gateKey,
  hearPeer,
  tickGate,
} from "../replication/agreement/index.ts";
import { type Ruv, ruvMaxCsn } from "../replication/ruv/index.ts";
import type { Directory } from "./directory.ts";

export interface ReplicaGateParts {
  readonly directory: Directory;
  readonly suffix: string;
  /** undefined: the replica has no data. */
  facts(): GateFacts | undefined;
  onDefect(error: unknown): void;
}

export class ReplicaGate {
  readonly #parts: ReplicaGateParts;
  #state: GateState = GATE_OPEN;
  /** What the row says; undefined: there is none. */
  #stored: StoredGate | undefined;

  constructor(parts: ReplicaGateParts) {
    this.#parts = parts;
    const { kv } = parts.directory;
    kv.renew();
    const row = kv.bytesTable(GATE_TABLE).getCopy(gateKey(parts.suffix));
    this.#stored = row && decodeGate(row);
  }

  get isOpen(): boolean {
    return this.#state.name === "open";
  }

  /** A peer has told what it holds. */
  hear(peer: string, ruv: Ruv): void {
    const facts = this.#parts.facts();
    if (facts !== undefined) this.#use(hearPeer(this.#state, peer, ruv, facts));
  }

  forget(peer: string): void {
    const facts = this.#parts.facts();
    if (facts !== undefined) this.#use(forgetPeer(this.#state, peer, facts));
  }

  /** The data is about to be replaced. Resolves when a restart would know. */
  async expect(reason: GateReason): Promise<void> {
    const facts = this.#parts.facts();
    const lastIssued = facts && ruvMaxCsn(facts.ruv, facts.ownReplicaId);
    this.#stored = { reason, lastIssued };
    await this.#store();
  }

  /** The data was not replaced after all; what has closed the gate before still holds. */
  cancel(): void {
    if (!this.isOpen) return;
    this.#stored = undefined;
    this.#store().catch(this.#parts.onDefect);
  }

  /** The data came from elsewhere, now or before the server was started: no CSN of our own before what peers hold of ours has
   *  come back. Without an `expect` before it nothing happens. */
  close(peers: readonly string[]): void {
    const facts = this.#parts.facts();
    if (this.#stored === undefined || facts === undefined) return;
    const { directory, suffix } = this.#parts;
    const { reason } = this.#stored;
    this.#state = closeGate({ ...facts, ...this.#stored, peers, limitMs: GATE_LIMIT_MS_DEFAULT });
    if (this.isOpen) this.cancel();
    else directory.log.info("replica.gate.closed", { suffix, reason, peers });
  }

  /** Changes of ours may have come back, or the limit has passed. */
  tick(): void {
    const facts = this.#parts.facts();
    if (facts !== undefined) this.#use(tickGate(this.#state, facts));
  }

  /** @throws LdapError busy while local changes have to wait */
  check(): void {
    if (this.isOpen) return;
    const facts = this.#parts.facts();
    const own = facts && ruvMaxCsn(facts.ruv, facts.ownReplicaId);
    throw new LdapError("busy", describeGate(this.#state, own) ?? "The replica is catching up");
  }

  #use(state: GateState): void {
    const wasOpen = this.isOpen;
    this.#state = state;
    if (wasOpen || state.name !== "open") return;
    const { directory, suffix } = this.#parts;
    const { missedPeers, missedCsn } = state;
    const isComplete = missedPeers.length === 0 && missedCsn === undefined;
    const level = isComplete ? "info" : "warn";
    directory.log[level]("replica.gate.opened", { suffix, missedPeers, missedCsn });
    this.cancel();
  }

  async #store(): Promise<void> {
    const { directory, suffix } = this.#parts;
    await directory.queue.submit((writes) => {
      const table = writes.table(directory.kv.bytesTable(GATE_TABLE));
      if (this.#stored === undefined) table.delete(gateKey(suffix));
      else table.put(gateKey(suffix), encodeGate(this.#stored));
    });
  }
}
