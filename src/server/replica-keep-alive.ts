// The keep-alive entries that one supplier writes: its own, refreshed by an interval, and the removal of that of a supplier that is
// gone for good. Nothing is written while the catch-up gate is closed or the data is being replaced.
import { applyAndLog, guarded, takeEffects } from "../operation/index.ts";
import { LdapError } from "../protocol/index.ts";
import {
  type KeepAliveReason,
  type KeepAliveTimer,
  changeKeepAliveInterval,
  startKeepAliveTimer,
  tickKeepAlive,
} from "../replication/agreement/index.ts";
import type { Change } from "../replication/change/index.ts";
import type { ReplicaId } from "../replication/csn/index.ts";
import type { BackendWriter } from "../store/index.ts";
import type { Directory } from "./directory.ts";
import { type KeepAliveFacts, keepAliveChange, keepAliveRemoval } from "./keep-alive-change.ts";
import type { Replica, ReplicaHooks } from "./replica.ts";

export class ReplicaKeepAlive {
  readonly #directory: Directory;
  readonly #replica: Replica;
  readonly #hooks: ReplicaHooks;
  #timer: KeepAliveTimer;

  constructor(directory: Directory, replica: Replica, hooks: ReplicaHooks) {
    this.#directory = directory;
    this.#replica = replica;
    this.#hooks = hooks;
    this.#timer = startKeepAliveTimer(this.#intervalMs, directory.clock.now());
  }

  get #intervalMs(): number {
    return this.#replica.settings.keepAliveIntervalSec * 1000;
  }

  /** The interval may be another one. */
  reconfigure(): void {
    const now = this.#directory.clock.now();
    this.#timer = changeKeepAliveInterval(this.#timer, this.#intervalMs, now);
  }

  tick(): void {
    const { isOpen } = this.#replica.gate;
    const { timer, isDue } = tickKeepAlive(this.#timer, this.#directory.clock.now(), isOpen);
    this.#timer = timer;
    if (isDue) this.write("refresh").catch(this.#hooks.onDefect);
  }

  /** Writes the entry of this supplier, unless it cannot be written now. */
  write(reason: KeepAliveReason): Promise<void> {
    return this.#put((writer, facts) => keepAliveChange(writer, reason, facts));
  }

  /** Removes the entry of a supplier that is gone for good. */
  remove(replicaId: ReplicaId): Promise<void> {
    return this.#put((writer, facts) => keepAliveRemoval(writer, { ...facts, replicaId }));
  }

  async #put(
    make: (writer: BackendWriter, facts: KeepAliveFacts) => Change | undefined,
  ): Promise<void> {
    const { isUpdatable, gate, import: incoming, suffix } = this.#replica;
    if (!isUpdatable || !gate.isOpen || incoming.isActive) return;
    try {
      await this.#apply(make);
    } catch (error) {
      if (!(error instanceof LdapError)) throw error;
      const reason = error.message;
      this.#directory.log.warn("replica.keepAlive.refused", { suffix, reason });
    }
  }

  async #apply(
    make: (writer: BackendWriter, facts: KeepAliveFacts) => Change | undefined,
  ): Promise<void> {
    const { queue, clock, random } = this.#directory;
    const replica = this.#replica;
    const { backend } = replica;
    await queue.submit((writes) =>
      guarded(backend, writes, () => {
        const txn = backend.begin(writes);
        const now = clock.now();
        const change = make(txn.writer, {
          suffixDn: backend.suffixDn,
          replicaId: replica.replicaId,
          now,
          random,
          issueCsn: () => replica.issueCsn(),
        });
        if (change !== undefined) {
          applyAndLog(backend, txn, writes, change, { origin: "local", now });
        }
        const effects = takeEffects(backend, writes, txn, change);
        const committed = (): void => {
          if (change === undefined) return;
          this.#hooks.afterWrite(backend, effects);
          this.#hooks.changeCommitted(replica, change);
        };
        return { result: undefined, committed };
      }),
    );
  }
}
