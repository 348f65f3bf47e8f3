/** Streams that begin well, or at least with 200, and are not what they should be. */
import { setTimeout as sleep } from "node:timers/promises";
import { before, CALL_KIND, found, KINDS, TEXT_KIND } from "./event-kinds.ts";
import type { Exchange } from "./exchange.ts";
import { type Fault, VENDOR_WORDS } from "./fault.ts";
import type { Frame } from "./frames.ts";
import type { Protocol, Turn } from "./turn.ts";

export function streamFaults(protocol: Protocol): readonly Fault[] {
  return [
    ...KINDS[protocol].map((kind) => cutAfter(protocol, kind)),
    {
      name: "ends early, as if it were complete",
      expects: "broken_stream",
      play: async (exchange) => {
        await before(exchange, CALL_KIND[protocol]);
        exchange.end();
      },
    },
    {
      name: "cut inside a UTF-8 sequence",
      expects: "broken_stream",
      play: async (exchange) => {
        await before(exchange, TEXT_KIND[protocol]);
        await exchange.bytes(Uint8Array.of(...new TextEncoder().encode('data: {"type":"'), 0xf0, 0x9f));
        exchange.cut();
      },
    },
    {
      name: "bytes that are no UTF-8",
      expects: "broken_stream",
      play: async (exchange) => {
        await before(exchange, TEXT_KIND[protocol]);
        await exchange.bytes(Uint8Array.of(0xff, 0xfe, 0xc0, 0x0a, 0x0a));
        exchange.end();
      },
    },
    garbage("garbage JSON", '{"type": "response.output_text.delta", "delta": '),
    garbage("an event that is null", "null"),
    garbage("an event that is a list", "[[],{},1]"),
    garbage("an event that is a number", "17"),
    {
      name: "HTML with 200",
      expects: "broken_stream",
      play: (exchange) =>
        exchange.reply(200, { "content-type": "text/html" }, `<!doctype html><p>${VENDOR_WORDS}</p>`),
    },
    {
      name: "JSON with 200 in place of a stream",
      expects: "broken_stream",
      play: (exchange) => exchange.reply(200, {}, JSON.stringify({ id: "1", choices: [], content: [] })),
    },
    { name: "an empty body", expects: "broken_stream", play: (exchange) => exchange.reply(200, {}, "") },
    { name: "an empty answer", expects: "empty_answer", turn: () => ({ text: "" }) },
    {
      name: "an answer of nothing but reasoning",
      expects: "empty_answer",
      turn: () => ({ reasoning: "Hm." }),
    },
    { name: "a refusal", expects: "content_refused", turn: () => ({ text: VENDOR_WORDS, stop: "refusal" }) },
    {
      name: "a content filter",
      expects: "content_refused",
      turn: () => ({ text: "Half of", stop: "content_filter" }),
    },
    ...(protocol === "messages"
      ? [
          {
            name: "the window is full",
            expects: "context_too_long",
            turn: () => ({ text: "Half of", stop: "context_window" }),
          } satisfies Fault,
        ]
      : []),
    {
      name: "an endless answer",
      expects: "answer_too_long",
      play: (exchange) => endless(exchange, TEXT_KIND[protocol]),
    },
    {
      name: "hundreds of calls",
      expects: "answer_too_long",
      turn: () => ({ calls: Array.from({ length: 500 }, () => ({ name: "list_files", arguments: "{}" })) }),
    },
    {
      name: "an event without end",
      expects: "answer_too_long",
      play: async (exchange) => {
        await before(exchange, TEXT_KIND[protocol]);
        await exchange.bytes('data: {"type":"');
        while (!exchange.gone) await exchange.bytes("x".repeat(65_536));
      },
    },
    {
      name: "10 MB of arguments",
      expects: "answer_too_long",
      turn: () => ({ calls: [{ name: "write_file", arguments: { content: "x".repeat(10_000_000) } }] }),
    },
    { name: "endless pings", expects: "timeout", hangs: true, play: (exchange) => pings(exchange, protocol) },
    {
      name: "endless comments",
      expects: "timeout",
      hangs: true,
      play: async (exchange) => {
        exchange.open();
        while (!exchange.gone) {
          await exchange.bytes(": waiting\n\n");
          await sleep(10);
        }
      },
    },
    {
      name: "a stall behind the headers",
      expects: "timeout",
      hangs: true,
      play: async (exchange) => {
        exchange.open();
        await exchange.left();
      },
    },
    {
      name: "a stall inside an event",
      expects: "timeout",
      hangs: true,
      play: async (exchange) => {
        await before(exchange, CALL_KIND[protocol]);
        await exchange.bytes('data: {"type":"respo');
        await exchange.left();
      },
    },
    { name: "a slow trickle", expects: "timeout", hangs: true, play: trickle },
    {
      name: "duplicate call ids",
      expects: "answer",
      turn: (turn) => ({ ...turn, calls: turn.calls?.map((call) => ({ ...call, id: "call_same" })) ?? [] }),
    },
    { name: "interleaved calls", expects: "answer", turn: (turn: Turn) => ({ ...turn, interleaved: true }) },
    {
      name: "events nobody knows",
      expects: "answer",
      play: async (exchange) => {
        exchange.open();
        for (const frame of exchange.frames) {
          await exchange.event({ kind: "new", event: "brand.new", data: { type: "brand.new", delta: [{}] } });
          await exchange.event(frame);
        }
        exchange.end();
      },
    },
  ];
}

function cutAfter(protocol: Protocol, kind: string): Fault {
  return {
    name: `cut after ${kind}`,
    expects: kind === KINDS[protocol].at(-1) ? "answer" : "broken_stream",
    play: async (exchange) => {
      await before(exchange, kind);
      await exchange.event(found(exchange, kind));
      exchange.cut();
    },
  };
}

/** An event in the middle of a good stream; named, so that it is read. */
function garbage(name: string, data: string): Fault {
  return {
    name,
    expects: "broken_stream",
    play: async (exchange) => {
      const kind = TEXT_KIND[exchange.protocol];
      await before(exchange, kind);
      await exchange.event({ ...found(exchange, kind), data });
      exchange.end();
    },
  };
}

async function endless(exchange: Exchange, kind: string): Promise<void> {
  await before(exchange, kind);
  const frame = found(exchange, kind);
  const long = JSON.parse(JSON.stringify(frame.data), (_, value) =>
    typeof value === "string" && value.length > 0 && value === textIn(frame.data)
      ? "and on ".repeat(500)
      : value,
  );
  while (!exchange.gone) await exchange.event({ ...frame, data: long });
}

/** The piece of text in an event, which differs with the splitting. */
function textIn(data: object | string): unknown {
  const { delta, choices } = data as {
    delta?: string | { text: string };
    choices?: { delta: { content: string } }[];
  };
  return typeof delta === "object" ? delta.text : (delta ?? choices?.[0]?.delta.content);
}

async function pings(exchange: Exchange, protocol: Protocol): Promise<void> {
  exchange.open();
  const frame: Frame =
    protocol === "chat"
      ? { kind: "ping", data: { id: "1", choices: [] } }
      : { kind: "ping", event: "ping", data: { type: "ping" } };
  while (!exchange.gone) {
    await exchange.event(frame);
    await sleep(10);
  }
}

/** The right answer, a byte every ten milliseconds. */
async function trickle(exchange: Exchange): Promise<void> {
  exchange.open();
  for (const byte of exchange.encoded()) {
    if (exchange.gone) return;
    await exchange.bytes(Uint8Array.of(byte));
    await sleep(10);
  }
  exchange.end();
}
