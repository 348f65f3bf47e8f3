/** Keeps an answer within what Lambda streams back: past it Lambda cuts it short, and nobody learns how the command ended. */
import { FRAME_HEADER_BYTES, type FrameKind } from "../src/aws/invocation.ts";
import { LAMBDA_RESPONSE_BYTES } from "../src/aws/limits.ts";
import { RunnerError } from "../src/errors.ts";

type Send = (kind: FrameKind, data: Uint8Array | string) => Promise<void>;

/** For the frames that say why there are no more files, and how the command ended. */
const LAST_FRAMES_BYTES = 65_536;

/** Counts what is sent. Throws RunnerError `payload_too_large` in place of sending changes there is no room for. */
export function withinLimit(send: Send): Send {
  let room = LAMBDA_RESPONSE_BYTES - LAST_FRAMES_BYTES;
  return async (kind, data) => {
    room -= FRAME_HEADER_BYTES + Buffer.byteLength(data);
    if (room < 0 && (kind === "manifest" || kind === "files")) {
      throw new RunnerError(
        "payload_too_large",
        `The command's output and the files it changed are larger than AWS Lambda streams back: ${LAMBDA_RESPONSE_BYTES} bytes, of which each file takes its content, its name and about 1,024 more.`,
      );
    }
    await send(kind, data);
  };
}
