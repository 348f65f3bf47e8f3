/** Says what is wrong with a request: by the vendor's types, and by the rules it documents beside them. */
import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { checkChat } from "./chat-rules.ts";
import { checkMessages } from "./messages-rules.ts";
import { prefixDigest } from "./prefix.ts";
import { checkResponses } from "./responses-rules.ts";
import { checkUnicode, type Signed } from "./rules.ts";
import type { Checks } from "./schemas.ts";
import type { Protocol } from "./turn.ts";
import type { ChatRequest, MessagesRequest, ResponsesRequest } from "./wire-types.ts";

export interface Judge {
  /** Sentences; none when the vendor would take it. */
  faultsIn(protocol: Protocol, body: unknown, headers: IncomingHttpHeaders): string[];
  /** A signature for reasoning that answers this request: it is to come back unchanged. */
  sign(protocol: Protocol, body: unknown, content: string): string;
  /** Reasoning that is sent in the open, and may come back. */
  opened(content: string): void;
}

export function createJudge({ checkRequest }: Checks): Judge {
  const signatures = new Map<string, Signed>();
  const open = new Set<string>();

  /** Only a server that thinks in the open takes `reasoning_content` back. */
  const withoutOpen = (body: unknown): unknown =>
    JSON.parse(JSON.stringify(body ?? null), (key, value) =>
      key === "reasoning_content" && open.has(value) ? undefined : value,
    );

  return {
    faultsIn(protocol, body, headers) {
      const wrong = checkRequest(protocol, protocol === "chat" ? withoutOpen(body) : body);
      if (wrong !== undefined) return [wrong];
      const found: string[] = [];
      const complain = (sentence: string): void => void found.push(sentence);
      checkUnicode(body, complain);
      if (protocol === "responses") checkResponses(body as ResponsesRequest, { signatures }, complain);
      if (protocol === "chat") checkChat(body as ChatRequest, complain);
      if (protocol === "messages") checkMessages(body as MessagesRequest, headers, { signatures }, complain);
      return found;
    },
    sign(protocol, body, content) {
      const { model } = body as { model: string };
      const prefix =
        protocol === "messages" ? prefixDigest(body as MessagesRequest, Number.POSITIVE_INFINITY) : "";
      const signature = createHash("sha256").update(`${model}\n${prefix}\n${content}`).digest("base64");
      signatures.set(signature, { content, model, prefix });
      return signature;
    },
    opened: (content) => void open.add(content),
  };
}
