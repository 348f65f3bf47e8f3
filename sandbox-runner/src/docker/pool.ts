/** Sandboxes kept in stock, so that nobody waits for one to start. */
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import { endStock, type Stock } from "./sandbox.ts";

export interface Pool {
  /** One that is ready, which is the caller's from now on; undefined when there is none. */
  take(): Stock | undefined;
  /** Ends what is in stock. */
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly size: number;
  /** After which one is replaced. */
  readonly maxAgeMs: number;
  /** Starts one that is ready. */
  readonly start: (signal: AbortSignal) => Promise<Stock>;
  readonly log: Pick<Logger, "info" | "warn">;
}

/** Between tries while the engine is away. */
const RETRY_MS = 2000;
/** From when one is missing to when another is started: whoever took it has commands that should not wait for that. */
const REFILL_MS = 250;

/** One is started at a time: who waits for a sandbox of their own should not wait for the stock. */
export function createPool({ size, maxAgeMs, start, log }: PoolOptions): Pool {
  const ready = new Map<Stock, NodeJS.Timeout>();
  const closing = new AbortController();
  const leaving = new Set<Promise<void>>();
  let filling: Promise<void> | undefined;
  let failing = false;

  const rest = async (milliseconds: number) => {
    await pause(milliseconds, undefined, { signal: closing.signal, ref: false }).catch(() => {});
  };
  const leave = (stock: Stock) => {
    const left = endStock(stock).catch(() => {});
    leaving.add(left);
    void left.then(() => leaving.delete(left));
  };
  const drop = (stock: Stock) => {
    if (!claim(stock)) return;
    leave(stock);
    refill();
  };
  const claim = (stock: Stock) => {
    clearTimeout(ready.get(stock));
    return ready.delete(stock);
  };
  const fill = async () => {
    while (ready.size < size && !closing.signal.aborted) {
      try {
        const stock = await start(closing.signal);
        if (closing.signal.aborted) {
          leave(stock);
          return;
        }
        ready.set(stock, setTimeout(drop, maxAgeMs, stock).unref());
        void stock.running.ended.then(() => drop(stock));
        if (failing) log.info("sandboxes can be kept in stock again");
        failing = false;
      } catch (error) {
        if (closing.signal.aborted) return;
        if (!failing) log.warn({ err: error }, "no sandbox could be started to keep in stock");
        failing = true;
        await rest(RETRY_MS);
      }
    }
  };
  const refill = (delay = REFILL_MS) => {
    filling ??= rest(delay)
      .then(fill)
      .finally(() => {
        filling = undefined;
      });
  };
  refill(0);
  return {
    take() {
      const [stock] = ready.keys();
      if (stock === undefined) return undefined;
      claim(stock);
      refill();
      return stock;
    },
    async close() {
      closing.abort();
      for (const stock of [...ready.keys()]) if (claim(stock)) leave(stock);
      await filling;
      await Promise.all(leaving);
    },
  };
}
