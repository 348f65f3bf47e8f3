/** From samples to the figures of one repository: medians, medians of ratios, and the most memory it took. */
import type { ContenderName } from "./contender.ts";
import type { ContestResult, Sample } from "./contest.ts";
import { median, medianRatio } from "./statistics.ts";

export interface Figures {
  readonly name: string;
  readonly files: number;
  readonly rounds: number;
  readonly wallMs: Partial<Record<ContenderName, number>>;
  readonly cpuMs: Partial<Record<ContenderName, number>>;
  readonly fetchedBytes: Partial<Record<ContenderName, number>>;
  /** The service's wall time divided by the other's, round by round. */
  readonly wallRatio: Partial<Record<ContenderName, number>>;
  readonly cpuRatio: Partial<Record<ContenderName, number>>;
  /** Highest growth of the service, and of a workerd that had done nothing before. */
  readonly warmGrowthMb: number | undefined;
  readonly freshGrowthMb: number | undefined;
  /** The largest git process of the native pipeline. */
  readonly nativePeakMb: number | undefined;
  readonly isomorphicGrowthMb: number | undefined;
}

const KB_IN_MB = 1024;

export function figuresOf({ repository, rounds, freshMemoryKb }: ContestResult): Figures {
  const names = (rounds[0] ?? []).map(({ contender }) => contender);
  const of = (name: ContenderName) =>
    rounds.flatMap((samples) => samples.filter(({ contender }) => contender === name));
  const each = <T>(value: (name: ContenderName) => T): Partial<Record<ContenderName, T>> =>
    Object.fromEntries(names.map((name) => [name, value(name)]));
  const medians = (pick: (sample: Sample) => number) => each((name) => median(of(name).map(pick)));
  const ratios = (pick: (sample: Sample) => number) =>
    names.includes("service") ? each((name) => medianRatio(of("service").map(pick), of(name).map(pick))) : {};
  const mostMb = (kilobytes: readonly number[]) =>
    kilobytes.length === 0 ? undefined : Math.max(...kilobytes) / KB_IN_MB;
  const memory = (name: ContenderName) => mostMb(of(name).map(({ memoryKb }) => memoryKb));
  return {
    name: repository.name,
    files: repository.files,
    rounds: rounds.length,
    wallMs: medians(({ wallMs }) => wallMs),
    cpuMs: medians(({ cpuMs }) => cpuMs),
    fetchedBytes: medians(({ fetchedBytes }) => fetchedBytes),
    wallRatio: ratios(({ wallMs }) => wallMs),
    cpuRatio: ratios(({ cpuMs }) => cpuMs),
    warmGrowthMb: memory("service"),
    freshGrowthMb: mostMb(freshMemoryKb),
    nativePeakMb: memory("native"),
    isomorphicGrowthMb: memory("isomorphic"),
  };
}
