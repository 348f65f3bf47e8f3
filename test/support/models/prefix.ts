/** What a model has read before something, without the marks that only steer the cache. */
import { createHash } from "node:crypto";
import type { MessagesRequest } from "./wire-types.ts";

/** The JSON of every tool, block of the system prompt and block of a message, in the order the model reads them. */
export function blocksRead(body: MessagesRequest, messages = body.messages.length): string[] {
  const system =
    typeof body.system === "string" ? [{ type: "text", text: body.system }] : (body.system ?? []);
  return [
    ...(body.tools ?? []),
    ...system,
    ...body.messages.slice(0, messages).flatMap(({ role, content }) =>
      (typeof content === "string" ? [{ type: "text", text: content }] : content).map((block) => ({
        role,
        ...block,
      })),
    ),
  ].map((block) => JSON.stringify({ ...block, cache_control: undefined }));
}

/** A digest of all that comes before the message with this index. */
export function prefixDigest(body: MessagesRequest, message: number): string {
  return createHash("sha256").update(blocksRead(body, message).join("\n")).digest("hex");
}
