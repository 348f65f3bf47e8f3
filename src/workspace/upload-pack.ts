/**
 * Reading from a git server: protocol version 2 with a blob filter (gitprotocol-v2(5)), and a
 * plain shallow fetch where a server has neither (gitprotocol-pack(5)).
 */
import { ServiceError } from "../errors.ts";
import { concat } from "./bytes.ts";
import { type GitConnection, getInfoRefs, postUploadPack } from "./git-http.ts";
import type { WorkspaceLimits } from "./limits.ts";
import { createPackScanner, type KeptObject, type KeptType } from "./pack-scanner.ts";
import { DELIMITER, FLUSH, type Packet, packetText, pktLine, readPackets } from "./pkt-line.ts";

const AGENT = "agent=tiny-backspace";

export interface Ref {
  readonly name: string;
  readonly oid: string;
}

export interface FetchProgress {
  readonly bytes: number;
  readonly objects: number;
  readonly totalObjects: number;
}

export interface FetchOptions {
  readonly limits: WorkspaceLimits;
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
}

export interface FetchedPack {
  readonly byteLength: number;
  /** Its commits and trees, or what was asked for by id. */
  readonly kept: Iterable<KeptObject>;
  /** The pack itself, when there is more in it than was kept. */
  readonly pack: Uint8Array<ArrayBuffer> | undefined;
}

export interface UploadPack {
  /** HEAD and the refs whose names start with one of these; a busy server's other refs stay there. */
  listRefs(prefixes: readonly string[]): Promise<readonly Ref[]>;
  /** The pack of one commit without history: its trees, and its blobs too when the server cannot filter. */
  fetchCommit(oid: string, options: FetchOptions): Promise<FetchedPack>;
  /** The pack of exactly these objects. */
  fetchObjects(oids: readonly string[], options: FetchOptions): Promise<FetchedPack>;
}

const TREES: ReadonlySet<KeptType> = new Set(["commit", "tree"]);
const BLOBS: ReadonlySet<KeptType> = new Set(["blob"]);

/** What the server was found to speak; the first guess is right for GitHub and costs no request. */
interface Dialect {
  readonly version: 0 | 2;
  readonly filter: boolean;
  readonly capabilities: ReadonlySet<string>;
  /** Version 0 lists every ref when asked what it can do. */
  readonly refs: readonly Ref[];
}

const FIRST_GUESS: Dialect = { version: 2, filter: true, capabilities: new Set(), refs: [] };

export function createUploadPack(connection: GitConnection): UploadPack {
  let dialect = FIRST_GUESS;

  /**
   * Runs a request in the guessed dialect; when that fails, asks what the server speaks and runs it
   * again. An answer that broke off is asked for once more.
   */
  async function adapting<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      if (error instanceof ServiceError && error.code === "network_error") return await request();
      const guessed = dialect === FIRST_GUESS;
      if (!guessed || !(error instanceof ServiceError) || error.code !== "git_protocol_error") throw error;
      dialect = await discover(connection);
      if (dialect.version === 2 && dialect.filter) throw error;
      return await request();
    }
  }

  return {
    listRefs(prefixes) {
      return adapting(async () => {
        if (dialect.version === 0) {
          return dialect.refs.filter(
            (ref) => ref.name === "HEAD" || prefixes.some((p) => ref.name.startsWith(p)),
          );
        }
        const body = command("ls-refs", [
          "ref-prefix HEAD",
          ...prefixes.map((prefix) => `ref-prefix ${prefix}`),
        ]);
        return readRefs(await postUploadPack(connection, body, 2));
      });
    },

    fetchCommit(oid, options) {
      return adapting(async () => {
        if (dialect.version === 0) {
          const wanted = ["side-band-64k", "ofs-delta", "shallow", "no-progress"];
          const offered = wanted.filter((name) => dialect.capabilities.has(name));
          const body = concat([
            pktLine(`want ${oid} ${[...offered, AGENT].join(" ")}`),
            pktLine("deepen 1"),
            FLUSH,
            pktLine("done"),
          ]);
          return readPack(await postUploadPack(connection, body, 0), options, TREES);
        }
        const filter = dialect.filter ? ["filter blob:none"] : [];
        const body = command("fetch", [
          "no-progress",
          "ofs-delta",
          "deepen 1",
          ...filter,
          `want ${oid}`,
          "done",
        ]);
        return readPack(await postUploadPack(connection, body, 2), options, TREES);
      });
    },

    fetchObjects(oids, options) {
      return adapting(async () => {
        if (dialect.version === 0) {
          throw new ServiceError(
            "git_protocol_error",
            "The git server sent a commit without some of its files.",
          );
        }
        const wants = oids.map((oid) => `want ${oid}`);
        const body = command("fetch", ["no-progress", "ofs-delta", ...wants, "done"]);
        return readPack(await postUploadPack(connection, body, 2), options, BLOBS);
      });
    },
  };
}

function command(name: string, args: readonly string[]): Uint8Array<ArrayBuffer> {
  return concat([
    pktLine(`command=${name}`),
    pktLine(AGENT),
    pktLine("object-format=sha1"),
    DELIMITER,
    ...args.map(pktLine),
    FLUSH,
  ]);
}

async function readRefs(body: ReadableStream<Uint8Array>): Promise<readonly Ref[]> {
  const refs: Ref[] = [];
  for await (const packet of readPackets(body)) {
    if (packet.kind === "flush") return refs;
    if (packet.kind !== "data") continue;
    const line = packetText(packet.bytes);
    failOnError(line);
    refs.push(parseRef(line));
  }
  throw notGit();
}

function parseRef(line: string): Ref {
  const [oid = "", name = ""] = line.split(" ");
  if (!/^[0-9a-f]{40}$/.test(oid) || name === "") throw notGit();
  return { oid, name: utf8Name(name) };
}

/** Packet text is read a byte a character; ref names are UTF-8. */
function utf8Name(name: string): string {
  return new TextDecoder().decode(Uint8Array.from(name, (char) => char.charCodeAt(0)));
}

async function discover(connection: GitConnection): Promise<Dialect> {
  const refs: Ref[] = [];
  const capabilities = new Set<string>();
  let version: 0 | 2 = 0;
  let filter = false;
  let greeted = false;
  for await (const packet of readPackets(await getInfoRefs(connection))) {
    if (packet.kind !== "data") continue;
    const [line = "", extra] = packetText(packet.bytes).split("\0");
    failOnError(line);
    const greeting = line === "# service=git-upload-pack" || line === "version 2";
    greeted ||= greeting;
    if (line === "version 2") version = 2;
    if (greeting) continue;
    if (version === 2) {
      if (line.startsWith("fetch=")) filter = line.slice("fetch=".length).split(" ").includes("filter");
    } else {
      for (const capability of extra?.split(" ") ?? []) capabilities.add(capability);
      if (!line.endsWith("capabilities^{}")) refs.push(parseRef(line));
    }
  }
  if (!greeted) throw notGit();
  return { version, filter, capabilities, refs };
}

/**
 * The pack out of a fetch's answer, checked while it arrives. Peak memory is twice the pack.
 * Version 2 puts a "packfile" line before it, version 0 "shallow" lines and a NAK; both frame the
 * pack itself in side band 1.
 */
async function readPack(
  body: ReadableStream<Uint8Array>,
  { limits, onProgress }: FetchOptions,
  keeps: ReadonlySet<KeptType>,
): Promise<FetchedPack> {
  const scanner = createPackScanner(limits, keeps);
  const parts: Uint8Array[] = [];
  for await (const packet of readPackets(body)) {
    const pack = packBytes(packet);
    if (pack === undefined) continue;
    scanner.push(pack);
    parts.push(pack);
    onProgress?.({ bytes: scanner.bytes, objects: scanner.seen, totalObjects: scanner.declared });
  }
  if (parts.length === 0) throw notGit();
  scanner.end();
  return {
    byteLength: scanner.bytes,
    kept: scanner.kept,
    pack: scanner.keptAll ? undefined : concat(parts),
  };
}

function packBytes(packet: Packet): Uint8Array | undefined {
  if (packet.kind !== "data") return undefined;
  const band = packet.bytes[0];
  if (band === 1) return packet.bytes.subarray(1);
  if (band === 3) throw serverError(packetText(packet.bytes.subarray(1)));
  if (band !== 2) failOnError(packetText(packet.bytes));
  return undefined;
}

function failOnError(line: string): void {
  if (line.startsWith("ERR ")) throw serverError(line.slice(4));
}

function serverError(text: string): ServiceError {
  const shown = text
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim()
    .slice(0, 200);
  return new ServiceError("git_protocol_error", `The git server refused: "${shown}".`);
}

function notGit(): ServiceError {
  return new ServiceError("git_protocol_error", "The server does not answer as a git server.");
}
