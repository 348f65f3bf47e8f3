/** The vendors' own types of what is on the wire, under one name each: the schemas are made from these. */
import type {
  MessageCreateParamsStreaming,
  RawMessageStreamEvent,
} from "@anthropic-ai/sdk/resources/messages/messages";
import type {
  ChatCompletionChunk,
  ChatCompletionCreateParamsStreaming,
} from "openai/resources/chat/completions/completions";
import type {
  ResponseCreateParamsStreaming,
  ResponseStreamEvent,
} from "openai/resources/responses/responses";

export type ResponsesRequest = ResponseCreateParamsStreaming;
export type ResponsesEvent = ResponseStreamEvent;
export type ChatRequest = ChatCompletionCreateParamsStreaming;
export type ChatEvent = ChatCompletionChunk;
export type MessagesRequest = MessageCreateParamsStreaming;
export type MessagesEvent = RawMessageStreamEvent;
