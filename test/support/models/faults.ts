/** Everything that goes wrong with a model's vendor: one table, for suites that go through all of it. */
import { errorFaults } from "./error-faults.ts";
import type { Fault } from "./fault.ts";
import { shapeFaults } from "./shape-faults.ts";
import { statusFaults } from "./status-faults.ts";
import { streamFaults } from "./stream-faults.ts";
import type { Protocol } from "./turn.ts";

/** Every fault there is in a protocol, for any turn. */
export function faultsOf(protocol: Protocol): readonly Fault[] {
  return [statusFaults, streamFaults, shapeFaults, errorFaults].flatMap((faults) => faults(protocol));
}

/** One of `faultsOf` by its name. Throws when there is none. */
export function faultNamed(protocol: Protocol, name: string): Fault {
  const found = faultsOf(protocol).find((fault) => fault.name === name);
  if (found === undefined) throw new Error(`no fault ${name} in ${protocol}`);
  return found;
}
