// The catch-up gate of one replica (replication/agreement/catch-up-gate.ts): who is heard, and what writers are told while it is
// closed.
import { LdapError } from "../protocol/index.ts";
import {
  type GateFacts,
  GATE_LIMIT_MS_DEFAULT,
  GATE_OPEN,
  type GateReason,
  type GateState,
  closeGate,
  describeGate,
  forgetPeer,
  hearPeer,
  tickGate,
} from "../replication/agreement/index.ts";
import type { Csn } from "../replication/csn/index.ts";
import { type Ruv, ruvMaxCsn } from "../replication/ruv/index.ts";
import type { Directory } from "./directory.ts";

export class ReplicaGate {
  readonly #directory: Directory;
  readonly #suffix: string;
  /** undefined: the replica has no data. */
  readonly #facts: () => GateFacts | undefined;
  #state: GateState = GATE_OPEN;

  constructor(directory: Directory, suffix: string, facts: () => GateFacts | undefined) {
    this.#directory = directory;
    this.#suffix = suffix;
    this.#facts = facts;
  }

  get isOpen(): boolean {
    return this.#state.name === "open";
  }

  /** A peer has told what it holds. */
  hear(peer: string, ruv: Ruv): void {
    const facts = this.#facts();
    if (facts !== undefined) this.#state = hearPeer(this.#state, peer, ruv, facts);
  }

  forget(peer: string): void {
    const facts = this.#facts();
    if (facts !== undefined) this.#state = forgetPeer(this.#state, peer, facts);
  }

  /** The data came from elsewhere: no CSN of our own before what peers hold of ours has come back. */
  close(reason: GateReason, peers: readonly string[], lastIssued: Csn | undefined): void {
    const facts = this.#facts();
    if (facts === undefined) return;
    this.#state = closeGate({
      ...facts,
      reason,
      peers,
      lastIssued,
      limitMs: GATE_LIMIT_MS_DEFAULT,
    });
    if (!this.isOpen) {
      this.#directory.log.info("replica.gate.closed", { suffix: this.#suffix, reason, peers });
    }
  }

  /** Changes of ours may have come back, or the limit has passed. */
  tick(): void {
    const facts = this.#facts();
    if (facts !== undefined) this.#state = tickGate(this.#state, facts);
  }

  /** @throws LdapError busy while local changes have to wait */
  check(): void {
    if (this.isOpen) return;
    const facts = this.#facts();
    const own = facts && ruvMaxCsn(facts.ruv, facts.ownReplicaId);
    throw new LdapError("busy", describeGate(this.#state, own) ?? "The replica is catching up");
  }
}
