/** The bench's side of fan-out-client.ts. */
import { fork } from "node:child_process";
import { once } from "node:events";
import type { Wish } from "./fan-out-client.ts";

export interface Counted {
  readonly ms: number;
  /** Events that reached a reader, over all readers. */
  readonly frames: number;
  /** How often a reader was cut off and came back. */
  readonly resumed: number;
}

export interface ReadersProcess extends AsyncDisposable {
  /** What scripts stand at until `count` opens it. */
  readonly gate: string;
  /** Opens streams and waits for the first event of each. */
  open(wish: Wish, readers: number): Promise<void>;
  /** Opens the gate once `atGate` requests stand at it, and waits for every reader to have this many events. */
  count(events: number, atGate: number): Promise<Counted>;
  /** Ends the streams. */
  close(): Promise<void>;
  /** Milliseconds from a request to the first event of its answer. */
  first(wish: Wish): Promise<number>;
}

export type Call =
  | { readonly call: "gate" }
  | { readonly call: "open"; readonly wish: Wish; readonly readers: number }
  | { readonly call: "count"; readonly events: number; readonly atGate: number }
  | { readonly call: "close" }
  | { readonly call: "first"; readonly wish: Wish }
  | { readonly call: "end" };
export type Answer = { readonly value: unknown } | { readonly error: string };

export async function startReaders(): Promise<ReadersProcess> {
  const child = fork(new URL("fan-out-client.ts", import.meta.url), { serialization: "advanced" });
  const exit = once(child, "exit");
  const ask = async (call: Call): Promise<unknown> => {
    const answered = once(child, "message");
    child.send(call);
    const ended = exit.then(() => {
      throw new Error("the readers' process ended");
    });
    const [answer] = (await Promise.race([answered, ended])) as [Answer];
    if ("error" in answer) throw new Error(answer.error);
    return answer.value;
  };
  return {
    gate: (await ask({ call: "gate" })) as string,
    open: async (wish, readers) => void (await ask({ call: "open", wish, readers })),
    count: async (events, atGate) => (await ask({ call: "count", events, atGate })) as Counted,
    close: async () => void (await ask({ call: "close" })),
    first: async (wish) => (await ask({ call: "first", wish })) as number,
    async [Symbol.asyncDispose]() {
      await ask({ call: "end" });
      child.disconnect();
      await exit;
    },
  };
}
