/** The figures as a Markdown table, and a line about the machine they are from. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import type { Figures } from "./figures.ts";

type Column = readonly [title: string, cell: (figures: Figures) => string];

const COLUMNS: readonly Column[] = [
  ["repository", ({ name }) => name],
  ["files", ({ files }) => files.toLocaleString("en")],
  ["wall", ({ wallMs }) => milliseconds(wallMs.service)],
  ["native", ({ wallMs }) => milliseconds(wallMs.native)],
  ["**ratio**", ({ wallRatio }) => ratio(wallRatio.native, 3)],
  ["CPU", ({ cpuMs }) => milliseconds(cpuMs.service)],
  ["native", ({ cpuMs }) => milliseconds(cpuMs.native)],
  ["**ratio**", ({ cpuRatio }) => ratio(cpuRatio.native, 3)],
  [
    "growth fresh / warm",
    ({ freshGrowthMb, warmGrowthMb }) => `${megabytes(freshGrowthMb)} / ${megabytes(warmGrowthMb)}`,
  ],
  ["native peak", ({ nativePeakMb }) => megabytes(nativePeakMb)],
  [
    "to isomorphic-git (wall, CPU)",
    ({ wallRatio, cpuRatio }) => pair(wallRatio.isomorphic, cpuRatio.isomorphic),
  ],
  ["to the floor (wall, CPU)", ({ wallRatio, cpuRatio }) => pair(wallRatio.floor, cpuRatio.floor)],
  ["fetched", ({ fetchedBytes }) => kilobytes(fetchedBytes.service)],
  ["native", ({ fetchedBytes }) => kilobytes(fetchedBytes.native)],
];

/** A row for each repository; what was not measured is a dash. */
export function markdownTable(rows: readonly Figures[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(COLUMNS.map(([title]) => title)),
    line(COLUMNS.map((_, i) => (i === 0 ? "---" : "---:"))),
    ...rows.map((row) => line(COLUMNS.map(([, cell]) => cell(row)))),
  ].join("\n");
}

/** Processor, memory, system and the versions of what was measured. */
export function machineLine(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? "unknown processor";
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  const git = execFileSync("git", ["--version"], { encoding: "utf8" }).trim();
  return `${processors.length} × ${model}, ${memory}, Linux ${release()}; Node ${process.version}, ${git}, workerd of Miniflare ${miniflareVersion()}`;
}

/** Its version is that of the workerd it runs. */
function miniflareVersion(): string {
  const manifest = new URL("../node_modules/miniflare/package.json", import.meta.url);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? "–" : `${value.toFixed(0)} ms`;
}

function ratio(value: number | undefined, digits: number): string {
  return value === undefined ? "–" : value.toFixed(digits);
}

function pair(wall: number | undefined, cpu: number | undefined): string {
  return wall === undefined ? "–" : `${ratio(wall, 2)}, ${ratio(cpu, 2)}`;
}

function megabytes(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? "–" : `${value.toFixed(0)} MB`;
}

function kilobytes(bytes: number | undefined): string {
  if (bytes === undefined) return "–";
  return bytes < 10 * 1024 * 1024
    ? `${(bytes / 1024).toFixed(0)} KB`
    : `${(bytes / 1024 / 1024).toFixed(0)} MB`;
}
