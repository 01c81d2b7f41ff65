export type { Access } from "./access.ts";
export { FREE, askRelease, holds, releaseTold } from "./access.ts";
export type { UpdateRequest } from "./received-change.ts";
export { receivedChange } from "./received-change.ts";
export type { AnswerChange, SessionAnswer } from "./replica-consumer.ts";
export { COVERED_RESULT, ReplicaConsumer } from "./replica-consumer.ts";
export type {
  ChangeVerdict,
  QueuedChange,
  ReplicaPort,
  SupplierConnection,
} from "./replica-port.ts";
export type { SessionKind, StartFacts, StartVerdict } from "./start-check.ts";
export { checkStart } from "./start-check.ts";
export { STALE_RESULT } from "./stale-supplier.ts";
export type { ReplicaFinder, SendResponse } from "./replication-requests.ts";
export { ReplicationRequests } from "./replication-requests.ts";
