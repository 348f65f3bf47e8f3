/** Globs that must be refused, because they protect nothing or not what they seem to. */
import { type BadRequest, refused } from "./bad-request.ts";

/** `good` is a body with nothing wrong in it. */
export function globRequests(good: Readonly<Record<string, unknown>>): BadRequest[] {
  const glob = (at: number, what: string) => ({
    field: `protected_paths.${at}`,
    message: `A glob in protected_paths ${what}.`,
  });
  return [
    refused(
      "globs that protect nothing, or not what they seem to",
      {
        ...good,
        protected_paths: [
          "ok/**",
          "",
          "./",
          3,
          "x".repeat(201),
          "!keep",
          "a\u0007",
          "(a|b)",
          "（a+）+b",
          "a\\",
          "a\ud800",
          "[[:foo:]]",
        ],
      },
      [
        glob(1, "names nothing"),
        glob(2, "names nothing"),
        { field: "protected_paths.3", message: "protected_paths.3 must be a string, not the number 3." },
        glob(4, "is longer than 200 characters"),
        glob(5, "must not start with '!': a path is protected by what it matches only"),
        glob(6, "must not have control characters"),
        glob(7, "must not have groups: write '{a,b}' for either, and '\\(' for a parenthesis"),
        glob(8, "must not have groups: write '{a,b}' for either, and '\\(' for a parenthesis"),
        glob(9, "must not end with '\\'"),
        glob(10, "is not valid Unicode"),
        glob(11, "cannot be matched: use *, **, ?, {a,b} and [a-z]"),
      ],
    ),
    refused("51 globs", { ...good, protected_paths: Array.from({ length: 51 }, (_, n) => `f${n}`) }, [
      { field: "protected_paths", message: "protected_paths has 51 globs; 50 are the most." },
    ]),
    refused(
      "51 globs, of which none is looked at",
      { ...good, protected_paths: Array.from({ length: 51 }, () => "!keep") },
      [{ field: "protected_paths", message: "protected_paths has 51 globs; 50 are the most." }],
    ),
    refused("a glob that is no list", { ...good, protected_paths: "*.lock" }, [
      { field: "protected_paths", message: "protected_paths must be an array, not a string." },
    ]),
  ];
}
