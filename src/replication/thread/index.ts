export { AgreementDriver } from "./agreement-driver.ts";
export type { AgreementHostEvents, AgreementHostOptions } from "./agreement-host.ts";
export { AgreementHost } from "./agreement-host.ts";
export type {
  AgreementHostPort,
  AgreementWorld,
  OpenedLink,
  SupplierLink,
} from "./agreement-world.ts";
export { localMoment } from "./local-moment.ts";
export type { AgreementConfig, AgreementThreadStart, FromThread, ToThread } from "./messages.ts";
export type { ReplicaData, ReplicaDataModule } from "./replica-data.ts";
export type { OwnSchema, SchemaFacts, SchemaPort } from "./schema-sharing.ts";
export { SchemaSharing } from "./schema-sharing.ts";
