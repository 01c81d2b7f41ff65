// A front-end process: serves the connections that the main process hands over, from the same database. It never writes, and it ends
// when the main process ends.
import { AciStore } from "../access/index.ts";
import { createNodeHash } from "../auth/index.ts";
import type { Clock, Millis } from "../base/index.ts";
import { Descriptions } from "../entry/index.ts";
import { type AccessLog, Frontend, type TlsSettings } from "../frontend/index.ts";
import { COUNTERS_MS, MainLink, PipedLines } from "../fronts/index.ts";
import { WriteQueue } from "../kv/index.ts";
import { openLmdb } from "../kv/lmdb.ts";
import { newConnectionCounters, newOperationCounters } from "../monitor/index.ts";
import { LdapError } from "../protocol/index.ts";
import { NODE_TIMERS } from "../replication/thread/index.ts";
import { SeenGenerations, readDescriptions } from "../store/index.ts";
import { AccessGate } from "./access-gate.ts";
import { Directory } from "./directory.ts";
import { FrontHandler } from "./front-handler.ts";
import { FrontView } from "./front-view.ts";
import { frontendSettings } from "./frontend-settings.ts";
import { instancePaths } from "./instance-paths.ts";
import { loadConfig } from "./load-config.ts";
import { SYSTEM_RANDOM } from "./pooled-random.ts";
import { loadSchemaFiles } from "./schema-files.ts";
import { isAccessLogged, makeAccessLog } from "./server-logs.ts";
import type { Service } from "./service.ts";
import { loadTls } from "./tls-files.ts";

const SYSTEM_CLOCK: Clock = { now: () => Date.now() as Millis };
/** As of the main process (sysexits: EX_SOFTWARE). */
const EXIT_DEFECT = 70;
/** How long a process with a defect waits until the main process has taken the news. */
const DEFECT_TOLD_MS_MAX = 1_000;

/** Serves until the main process says that it is enough, or is gone.
 *  @throws Error when no server has started this process */
export function serveFront(folder: string): void {
  if (process.channel === undefined) throw new Error("The server starts its front-end processes");
  // Signals go to all processes of a terminal or a unit: the main process says when it is time.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => {});
  new FrontServer(folder).open();
}

class FrontServer {
  readonly #link: MainLink;
  readonly #directory: Directory;
  readonly #service: Service;
  readonly #handler: FrontHandler;
  readonly #frontend: Frontend;
  #lines: PipedLines | undefined;

  constructor(folder: string) {
    this.#link = new MainLink({
      accepted: (socket, facts) => this.#frontend.adopt(socket, facts),
      stop: () => void this.#stop(),
      closed: () => process.exit(0),
    });
    process.on("uncaughtException", (error) => this.#stopWithDefect(error));
    const { directory, seen } = openDirectory(folder, this.#link, (error) =>
      this.#stopWithDefect(error),
    );
    this.#directory = directory;
    const acis = new AciStore(directory.schema);
    const view = new FrontView(directory, { seen, acis, onConfig: () => this.#useSettings() });
    this.#service = makeService(this.#directory, new AccessGate(this.#directory, acis));
    this.#handler = new FrontHandler({
      service: this.#service,
      link: this.#link,
      tellCounters: () => this.#tellCounters(),
      onDefect: (error) => this.#stopWithDefect(error),
    });
    const tls = this.#loadTls();
    this.#frontend = new Frontend({
      handler: this.#handler,
      log: this.#link.log,
      clock: SYSTEM_CLOCK,
      ...(tls === undefined ? {} : { tls }),
    });
    view.open();
    setInterval(() => {
      this.#directory.kv.renew();
      this.#tellCounters();
    }, COUNTERS_MS);
  }

  open(): void {
    this.#link.open();
  }

  /** What the main process has loaded at its start may be gone by now. */
  #loadTls(): TlsSettings | undefined {
    try {
      return loadTls(this.#directory);
    } catch (error) {
      const { message: reason } = error as Error;
      this.#link.log.error("frontend.certificate.unusable", { reason });
      return undefined;
    }
  }

  #tellCounters(): void {
    const active = this.#handler.takeActive();
    if (active === undefined) return;
    const { receivedBytes, sentBytes } = this.#frontend.traffic();
    this.#link.count({
      operations: this.#service.operations,
      receivedBytes,
      sentBytes,
      connections: [...active].map(({ id, requestCount, finishedCount }) => [
        id,
        requestCount,
        finishedCount,
      ]),
    });
  }

  #useSettings(): void {
    this.#frontend.changeSettings(frontendSettings(this.#directory));
    this.#lines?.flush();
    this.#frontend.changeAccessLog(this.#makeAccessLog());
  }

  #makeAccessLog(): AccessLog | undefined {
    const { server } = this.#directory.config.snapshot;
    this.#lines = isAccessLogged(server)
      ? new PipedLines(this.#link, { isBuffered: server.accessLogBuffering })
      : undefined;
    return this.#lines && makeAccessLog(server, this.#lines, SYSTEM_CLOCK);
  }

  async #stop(): Promise<void> {
    await this.#frontend.stop();
    this.#lines?.flush();
    this.#tellCounters();
    this.#link.flush(() => process.exit(0));
  }

  #stopWithDefect(error: unknown): void {
    const text = error instanceof Error ? error.stack : String(error);
    this.#link.log.error("server.defect.found", { error: text });
    setTimeout(() => process.exit(EXIT_DEFECT), DEFECT_TOLD_MS_MAX);
    this.#link.flush(() => process.exit(EXIT_DEFECT));
  }
}

function openDirectory(
  folder: string,
  { log }: MainLink,
  onFatal: (error: unknown) => void,
): { readonly directory: Directory; readonly seen: SeenGenerations } {
  const paths = instancePaths(folder);
  const kv = openLmdb(paths.database, { sharing: "follows" });
  const seen = new SeenGenerations(kv);
  seen.hasChanged("schema");
  const { schema } = loadSchemaFiles(paths.userSchema);
  const directory = new Directory(
    {
      kv,
      // Nothing is ever submitted to it: the environment cannot be written.
      queue: new WriteQueue(kv, SYSTEM_CLOCK, {
        isRefusal: () => false,
        busyError: () => new LdapError("busy", ""),
        onFatal,
      }),
      clock: SYSTEM_CLOCK,
      timers: NODE_TIMERS,
      random: SYSTEM_RANDOM,
      log,
      paths,
    },
    new Descriptions(schema, () => readDescriptions(kv), "reader"),
    loadConfig(paths, schema, () => {}),
  );
  return { directory, seen };
}

/** What reads below data suffixes need; nothing else is served here. */
function makeService(directory: Directory, gate: AccessGate): Service {
  const elsewhere = (): never => {
    throw new Error("the main process serves this");
  };
  return {
    directory,
    hash: createNodeHash(),
    hashesUnderWay: new Set(),
    operations: newOperationCounters(),
    connections: newConnectionCounters(),
    readAccessFor: (subject) => gate.readAccessFor(subject),
    accessFor: (subject, reader) => gate.accessFor(subject, reader),
    maySupply: () => false,
    audit: elsewhere,
    afterWrite: elsewhere,
    rootDse: elsewhere,
    monitorTree: elsewhere,
    schemaEntry: elsewhere,
    schemaEntryFor389: elsewhere,
    findRuvEntry: elsewhere,
  };
}
