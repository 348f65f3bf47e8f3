#!/usr/bin/env bash
# The job as a shell does it: clone, edit, commit, push, pull request. Prints when it began and ended, then `times`.
set -euo pipefail
began=$EPOCHREALTIME

curl -fsS -H "authorization: Bearer $TOKEN" "$API_URL/repos/$FULL_NAME" -o repository.json
base=$(sed -n 's/.*"default_branch":"\([^"]*\)".*/\1/p' repository.json)
git clone --quiet --depth 1 "$CLONE_URL" work
cd work
sed -i "s/$FROM/$TO/g" "$FILE"
git commit --quiet -am "$TITLE"
git push --quiet origin "HEAD:refs/heads/$BRANCH"
curl -fsS -H "authorization: Bearer $TOKEN" -H "content-type: application/json" \
  -d "{\"title\":\"$TITLE\",\"head\":\"$BRANCH\",\"base\":\"$base\",\"body\":\"\"}" \
  "$API_URL/repos/$FULL_NAME/pulls" -o ../pull.json

printf '%s %s\n' "$began" "$EPOCHREALTIME"
times
