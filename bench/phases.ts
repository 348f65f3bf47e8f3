/** Where the service's wall time goes, request by request, next to what the same requests cost by themselves. */
import type { ContenderName } from "./contender.ts";
import type { ContestResult, Sample } from "./contest.ts";
import { median } from "./statistics.ts";

export interface Phase {
  /** `METHOD last-part-of-path`, or what comes before the first request. */
  readonly name: string;
  /** Median milliseconds from this request's arrival to the next one's, or to the end of the job. */
  readonly serviceMs: number;
  readonly floorMs: number;
}

/** Empty unless both the service and the floor were measured and sent equally many requests in every round. */
export function phasesOf({ rounds }: ContestResult): readonly Phase[] {
  const of = (name: ContenderName) =>
    rounds.flatMap((samples) => samples.filter(({ contender }) => contender === name));
  const service = of("service");
  const floor = of("floor");
  const [first] = service;
  if (first === undefined || floor.length === 0) return [];
  const count = first.requests.length;
  if ([...service, ...floor].some(({ requests }) => requests.length !== count)) return [];
  const names = ["(before)", ...first.requests.map(({ line }) => shortName(line))];
  const medianGap = (samples: readonly Sample[], i: number) =>
    median(samples.map((sample) => gaps(sample)[i] ?? 0));
  return names.map((name, i) => ({ name, serviceMs: medianGap(service, i), floorMs: medianGap(floor, i) }));
}

/** Time to the first request, between each two, and from the last to the end. */
function gaps({ requests, wallMs }: Sample): readonly number[] {
  const moments = [0, ...requests.map(({ atMs }) => atMs), wallMs];
  return moments.slice(1).map((moment, i) => moment - (moments[i] ?? 0));
}

function shortName(line: string): string {
  const [method = "", path = ""] = line.split(" ");
  return `${method} …/${path.slice(path.lastIndexOf("/") + 1)}`;
}

/** A row for each request: what the server and the wire take, and what the service adds. */
export function phaseTable(name: string, phases: readonly Phase[]): string {
  const rows = phases.map(
    ({ name: request, serviceMs, floorMs }) =>
      `| ${request} | ${serviceMs.toFixed(1)} | ${floorMs.toFixed(1)} | ${(serviceMs - floorMs).toFixed(1)} |`,
  );
  return [
    `| ${name}: until the next request | service, ms | floor, ms | added, ms |`,
    "| --- | ---: | ---: | ---: |",
    ...rows,
  ].join("\n");
}
