/** Files whose change gives power over the repository itself, so that it takes the caller's consent. */

/**
 * True for workflows and actions (they run with the repository's secrets), CODEOWNERS (who must
 * review) and dependabot's settings, at the places where GitHub reads them. Case is ignored: on
 * many disks `.GitHub/Workflows` is the same folder.
 */
export function isProtected(path: string): boolean {
  const lower = path.normalize("NFKC").toLowerCase();
  return (
    lower.startsWith(".github/workflows/") ||
    lower === ".github/workflows" ||
    lower.startsWith(".github/actions/") ||
    /^(?:\.github\/|docs\/|)codeowners$/.test(lower) ||
    /^\.github\/dependabot\.ya?ml$/.test(lower)
  );
}
