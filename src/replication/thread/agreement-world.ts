// What the driver of an agreement needs around it. The thread gives it sockets, timers and messages to the main thread; tests
// and the simulator give it theirs.
import type { Log, Millis } from "../../base/index.ts";
import type { Capabilities, Link, LinkSettings } from "../../link/index.ts";
import type { AgreementStatus, KeepAliveReason, Moment } from "../agreement/index.ts";
import type { Csn } from "../csn/index.ts";
import type { Ruv } from "../ruv/index.ts";
import type { ReplicaData } from "./replica-data.ts";
import type { SchemaPort } from "./schema-sharing.ts";

/** The part of a Link that an agreement uses. */
export type SupplierLink = Pick<Link, "send" | "close" | "isWritable" | "whenWritable" | "onLost">;

export interface OpenedLink {
  readonly link: SupplierLink;
  readonly capabilities: Capabilities;
}

/** What goes to the main thread. */
export interface AgreementHostPort {
  /** undefined: none can be issued now. */
  nextCsn(): Promise<Csn | undefined>;
  adjustGenerator(csn: Csn): Promise<"moved" | "skew">;
  writeKeepAlive(reason: KeepAliveReason): void;
  keepConsumerRuv(ruv: Ruv): void;
  noteConsumerReplicaId(replicaId: number): void;
  /** The consumer of the connection is another Concord; undefined: the connection is gone. */
  noteKin(replicaId: number | undefined): void;
  showStatus(status: AgreementStatus, phase: string): void;
  refreshDone(): void;
  missingIgnored(): void;
  ended(): void;
}

export interface AgreementWorld {
  readonly host: AgreementHostPort;
  readonly data: ReplicaData;
  readonly log: Log;
  /** Absent: the schema is not replicated. */
  readonly schema?: SchemaPort;
  moment(): Moment;
  /** @throws LinkError */
  openLink(settings: LinkSettings): Promise<OpenedLink>;
  /** Calls back at `time`, of the clock that `moment().now` shows; a new call replaces the one before. undefined: not at all. */
  wakeAt(time: Millis | undefined, wake: () => void): void;
  /** Calls back in a later turn of the event loop. */
  later(step: () => void): void;
}
