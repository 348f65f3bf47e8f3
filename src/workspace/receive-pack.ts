/** Writing to a git server: one push that never forces (gitprotocol-pack(5), "Pushing Data To a Server"). */
import { isAbort, ServiceError } from "../errors.ts";
import { ascii, concat, utf8 } from "./bytes.ts";
import { findBranches } from "./find-branches.ts";
import { type GitConnection, postReceivePack } from "./git-http.ts";
import { FLUSH, packetText, readPackets } from "./pkt-line.ts";

export interface Push {
  readonly branch: string;
  readonly commit: string;
  /** The branch's present commit, or undefined to create the branch and refuse to touch one that is there. */
  readonly expected: string | undefined;
  readonly pack: Uint8Array;
}

/**
 * `branch_exists`: the branch is not where it was expected to be: there, or at another commit.
 * `missing_objects`: the receiver (an old fork) lacks objects the new commit builds on.
 */
export type PushResult = "pushed" | "branch_exists" | "missing_objects";

const NO_OBJECT = "0".repeat(40);

/**
 * Pushes; never forces. When the answer is lost on the way, or says that the branch is not where
 * it was expected, the branch is looked up: if it is at our commit, this push or an earlier one of
 * the same commit worked.
 * Throws `push_rejected` (with the server's reason), `permission_denied`, `network_error`.
 */
export async function pushCommit(connection: GitConnection, push: Push): Promise<PushResult> {
  const ref = `refs/heads/${push.branch}`;
  const line = utf8(
    `${push.expected ?? NO_OBJECT} ${push.commit} ${ref}\0 report-status side-band-64k agent=tiny-backspace`,
  );
  const head = utf8((line.byteLength + 4).toString(16).padStart(4, "0"));
  const body = concat([head, line, FLUSH, push.pack]);
  let failure: unknown;
  try {
    const result = await readReport(await postReceivePack(connection, body), ref);
    if (result !== "branch_exists") return result;
  } catch (error) {
    if (isAbort(error) || !(error instanceof ServiceError) || !error.retryable) throw error;
    failure = error;
  }
  const found = (await findBranches({ ...connection, prefix: push.branch })).get(push.branch);
  if (found === push.commit) return "pushed";
  if (failure === undefined || found !== push.expected) return "branch_exists";
  throw failure;
}

/** The report is packets inside side band 1; band 2 is the server talking to people. */
async function readReport(body: ReadableStream<Uint8Array>, ref: string): Promise<PushResult> {
  const report: Uint8Array[] = [];
  let remarks = "";
  for await (const packet of readPackets(body)) {
    if (packet.kind !== "data") continue;
    const band = packet.bytes[0];
    if (band === 1) report.push(packet.bytes.subarray(1));
    else if (band === 2 && remarks.length < 4000) remarks += ascii(packet.bytes.subarray(1));
    else if (band === 3) throw rejected(packetText(packet.bytes.subarray(1)), remarks);
    else if (band !== 2) report.push(packetOf(packet.bytes));
  }
  let unpacked = false;
  for await (const packet of readPackets(new Blob([concat(report)]).stream())) {
    if (packet.kind !== "data") continue;
    const line = packetText(packet.bytes);
    if (line === "unpack ok") unpacked = true;
    else if (line.startsWith("unpack ")) return failed(line.slice("unpack ".length), remarks);
    else if (line === `ok ${ref}` && unpacked) return "pushed";
    else if (line.startsWith(`ng ${ref} `)) return failed(line.slice(`ng ${ref} `.length), remarks);
  }
  throw new ServiceError("network_error", "The git server did not confirm the push. Try again.", {
    retryable: true,
  });
}

/** A server without side bands sends the report's packets plainly. */
function packetOf(bytes: Uint8Array): Uint8Array {
  return concat([utf8((bytes.byteLength + 4).toString(16).padStart(4, "0")), bytes]);
}

function failed(reason: string, remarks: string): PushResult {
  if (
    /already exists|reference already|cannot lock ref|stale info|fetch first|failed to update ref/i.test(
      reason,
    )
  ) {
    return "branch_exists";
  }
  if (/missing necessary objects|index-pack abnormal exit|unpack-objects abnormal exit/i.test(reason)) {
    return "missing_objects";
  }
  throw rejected(reason, remarks);
}

function rejected(reason: string, remarks: string): ServiceError {
  const said = clean(remarks, 400);
  return new ServiceError(
    "push_rejected",
    `The git server refused the push: "${clean(reason, 120)}"${said === "" ? "" : ` (it says: "${said}")`}. A branch rule or hook of the repository may be the reason.`,
  );
}

function clean(text: string, length: number): string {
  const line = text.replace(/[^\x20-\x7e]+/g, " ").trim();
  return line.length > length ? `${line.slice(0, length)}…` : line;
}
