// Entries that are made when somebody reads them: root DSE, cn=schema, cn=monitor, and the replica entry that stands for an
// update vector.
import { statSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { EntrySet } from "../config/index.ts";
import type { EntryView } from "../entry/index.ts";
import type { Frontend } from "../frontend/index.ts";
import { type FrontProcesses, addOperations } from "../fronts/index.ts";
import {
  buildMonitorEntries,
  buildRootDse,
  buildSubschemaEntry,
  formatVendorVersion,
} from "../monitor/index.ts";
import { formatTime } from "../operation/index.ts";
import {
  ABORT_CLEAN_RUV_OID,
  CHECK_CLEAN_RUV_OID,
  CLEAN_RUV_OID,
  END_REPLICATION_OID,
  GET_MAX_CSN_OID,
  PASSWORD_MODIFY_OID,
  JOIN_ENTRY_STATE_OID,
  READ_DIGEST_OID,
  READ_ENTRY_STATE_OID,
  REPLICATION_ENTRY_71_OID,
  REPLICATION_ENTRY_OID,
  REPLICATION_RESPONSE_50_OID,
  REST_SESSION_OID,
  START_REPLICATION_50_OID,
  START_REPLICATION_90_OID,
  START_TLS_OID,
  TOTAL_CLEANED_OID,
  TOTAL_STATES_OID,
  TOTAL_STRUCTURE_OID,
  WHO_AM_I_OID,
} from "../protocol/index.ts";
import { formatAttributeType, formatObjectClass, shownTo389 } from "../schema/index.ts";
import type { Directory } from "./directory.ts";
import type { MemoryTree } from "./memory-source.ts";
import { productVersion } from "./project-root.ts";
import { SUPPORTED_CONTROLS } from "./request-controls.ts";
import type { SchemaKeeper } from "./schema-keeper.ts";
import type { Service } from "./service.ts";

/** Year and day of the compatibility level; tools of 389 parse it. */
const BUILD_ID = "2026.325.0000";
/** `+`, `@class`, absolute filters, increment. */
const FEATURES = [
  "1.3.6.1.4.1.4203.1.5.1",
  "1.3.6.1.4.1.4203.1.5.2",
  "1.3.6.1.4.1.4203.1.5.3",
  "1.3.6.1.1.14",
];
const EXTENSIONS = [
  WHO_AM_I_OID,
  PASSWORD_MODIFY_OID,
  START_REPLICATION_50_OID,
  START_REPLICATION_90_OID,
  END_REPLICATION_OID,
  REPLICATION_ENTRY_OID,
  REPLICATION_ENTRY_71_OID,
  REPLICATION_RESPONSE_50_OID,
  CLEAN_RUV_OID,
  ABORT_CLEAN_RUV_OID,
  GET_MAX_CSN_OID,
  CHECK_CLEAN_RUV_OID,
  READ_DIGEST_OID,
  READ_ENTRY_STATE_OID,
  JOIN_ENTRY_STATE_OID,
  TOTAL_STATES_OID,
  TOTAL_STRUCTURE_OID,
  TOTAL_CLEANED_OID,
  REST_SESSION_OID,
];

/** The nearest folder at or above `path` at which a file system is mounted. */
function mountPointOf(path: string): string {
  const device = statSync(path).dev;
  for (let at = path; ; ) {
    const parent = dirname(at);
    if (parent === at || statSync(parent).dev !== device) return at;
    at = parent;
  }
}

/** Who serves connections. */
export interface Servers {
  readonly frontend: Frontend;
  readonly fronts: FrontProcesses;
}

export class LiveFacts {
  readonly #directory: Directory;
  readonly #schemaKeeper: SchemaKeeper;
  readonly #startedAt: string;
  readonly #version = productVersion();

  constructor(directory: Directory, schemaKeeper: SchemaKeeper) {
    this.#directory = directory;
    this.#schemaKeeper = schemaKeeper;
    this.#startedAt = formatTime(directory.clock.now());
  }

  rootDse(): EntryView {
    const { config } = this.#directory;
    const { server, suffixes } = config.snapshot;
    return buildRootDse(
      {
        productVersion: this.#version,
        buildId: BUILD_ID,
        hostName: server.hostName,
        port: server.port,
        startedAt: this.#startedAt,
        suffixes: suffixes.map(({ suffix, backendName }) => ({ suffix, backendName })),
        defaultNamingContext: server.defaultNamingContext ?? "",
        controls: SUPPORTED_CONTROLS,
        extensions: server.tlsEnabled ? [START_TLS_OID, ...EXTENSIONS] : EXTENSIONS,
        features: FEATURES,
        saslMechanisms: ["EXTERNAL"],
      },
      config.descriptions,
    );
  }

  schemaEntry(): EntryView {
    const { schema, stamp } = this.#schemaKeeper;
    return buildSubschemaEntry(schema, stamp, this.#directory.config.descriptions);
  }

  /** As a supplier that is 389 sees it. */
  schemaEntryFor389(): EntryView {
    const { schema, stamp } = this.#schemaKeeper;
    const { attributeTypes, objectClasses } = shownTo389(schema.definitions);
    const entry = buildSubschemaEntry(schema, stamp, this.#directory.config.descriptions);
    return entry.with([
      [
        "objectClasses",
        ...objectClasses.flatMap(({ oid }) => {
          const found = schema.findObjectClass(oid);
          return found === undefined ? [] : [formatObjectClass(found)];
        }),
      ],
      [
        "attributeTypes",
        ...attributeTypes.map(({ oid }) => formatAttributeType(schema.attributeType(oid))),
      ],
    ]);
  }

  monitorTree(service: Service, { frontend, fronts }: Servers): MemoryTree {
    const { clock, config, paths } = this.#directory;
    const mount = mountPointOf(paths.root);
    const disk = statfsSync(mount);
    const connections = [...frontend.connections(), ...fronts.connections()];
    const { receivedBytes, sentBytes } = frontend.traffic();
    const { counters } = fronts;
    const { waiting, batches, batchesSync, operations } = this.#directory.queue.statistics();
    const storage = this.#directory.kv.statistics(clock.now());
    return new EntrySet(
      buildMonitorEntries(
        {
          version: formatVendorVersion(this.#version, BUILD_ID),
          threads: 1,
          fileDescriptorsMax: frontend.settings.connectionsMax,
          startedAt: this.#startedAt,
          now: formatTime(clock.now()),
          operations: {
            ...addOperations(service.operations, counters.operations),
            bytesReceived: receivedBytes + counters.receivedBytes,
            bytesSent: sentBytes + counters.sentBytes,
          },
          connections: { open: connections.length, accepted: frontend.acceptedCount },
          connectionList: connections.map((connection) => ({
            id: connection.id,
            openedAt: formatTime(connection.openedAtMs as Parameters<typeof formatTime>[0]),
            operationsStarted: connection.requestCount,
            operationsCompleted: connection.finishedCount,
            boundDn: connection.boundDn === "" ? undefined : connection.boundDn,
            address: connection.peerAddress,
          })),
          backendNames: config.snapshot.backends.map(({ name }) => name),
          disks: [
            {
              mount,
              totalBytes: disk.blocks * disk.bsize,
              freeBytes: disk.bavail * disk.bsize,
            },
          ],
          own: {
            writesWaiting: waiting,
            commits: batches,
            commitsSynchronous: batchesSync,
            writes: operations,
            databasePages: storage.pages,
            databaseTransactions: storage.lastTransactionId,
            databaseReaders: storage.readers,
            oldestReaderAgeMs: storage.oldestReaderAgeMs,
          },
        },
        config.descriptions,
      ),
    );
  }

  /** The replica entry of a suffix with its live attributes. */
  findRuvEntry(normalSuffix: string): EntryView | undefined {
    const { config } = this.#directory;
    const replica = config.snapshot.replicas.find((one) => one.normalSuffix === normalSuffix);
    return replica && config.find(replica.normalDn);
  }
}
