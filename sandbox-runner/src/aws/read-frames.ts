/** Takes a function's answer apart into frames, trusting none of it. */
import { createByteSource } from "../archive/byte-source.ts";
import { RunnerError } from "../errors.ts";
import { FRAME_HEADER_BYTES, FRAMES, type Frame, type FrameKind, MAX_FRAME_BYTES } from "./invocation.ts";

const KINDS = new Map<number, FrameKind>(
  Object.entries(FRAMES).map(([kind, number]) => [number, kind as FrameKind]),
);

/** Ends where the bytes do. Holds one frame at a time. Throws RunnerError when the answer is none. */
export async function* readFrames(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Frame, void> {
  const source = createByteSource(bytes);
  try {
    for (;;) {
      const header = await source.take(FRAME_HEADER_BYTES);
      if (header.byteLength === 0) return;
      const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
      const kind = header.byteLength < FRAME_HEADER_BYTES ? undefined : KINDS.get(view.getUint8(0));
      const length = kind === undefined ? 0 : view.getUint32(1);
      if (kind === undefined || length > MAX_FRAME_BYTES) throw notFrames();
      const data = await source.take(length);
      if (data.byteLength < length) throw notFrames();
      yield { kind, data };
    }
  } finally {
    await source.close();
  }
}

export function notFrames(): RunnerError {
  return new RunnerError(
    "provider_unavailable",
    "The Lambda function does not answer as this version of the runner expects: deploy the one that belongs to it.",
  );
}
