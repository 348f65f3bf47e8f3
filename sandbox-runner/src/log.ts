/** One JSON line for each thing that happened; never what commands are or write, and never a secret. */
import { type DestinationStream, type Logger, pino } from "pino";

/** Fields first, then a sentence; `error` in the fields is shown with its stack. */
export type Log = Pick<Logger, "info" | "warn" | "error">;

/** To standard output, unless there is another destination. */
export function createLog(destination?: DestinationStream): Logger {
  const options = {
    base: null,
    messageKey: "message",
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
