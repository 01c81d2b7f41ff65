export { AgreementDriver } from "./agreement-driver.ts";
export type {
  AgreementHostEvents,
  AgreementHostOptions,
  AgreementHostParts,
  AgreementThreadEvents,
  AgreementThreadPort,
  OpenAgreementThread,
} from "./agreement-host.ts";
export { AgreementHost } from "./agreement-host.ts";
export type {
  AgreementHostPort,
  AgreementWorld,
  OpenedLink,
  SupplierLink,
} from "./agreement-world.ts";
export type { AgreementThreadParts } from "./agreement-thread.ts";
export { AgreementThread } from "./agreement-thread.ts";
export { localMoment } from "./local-moment.ts";
export type { AgreementConfig, AgreementThreadStart, FromThread, ToThread } from "./messages.ts";
export { NODE_TIMERS } from "./node-timers.ts";
export type { ReplicaData, ReplicaDataModule } from "./replica-data.ts";
export type { OwnSchema, SchemaFacts, SchemaPort } from "./schema-sharing.ts";
export { SchemaSharing } from "./schema-sharing.ts";
export { openWorker } from "./worker-port.ts";
