#!/usr/bin/env bash
# Makes jars ready that a test runs: jars.sh NAME. Java 17+ and Maven on this machine, the jars of NAME/pom.xml, beside
# this script, in .cache/NAME/lib. Run it as often as you like: once the jars of this pom.xml are there, it does nothing.
set -euo pipefail

name=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/$name
cache=$(cd "$here/../../.." && pwd)/.cache/$name
installed=$cache/lib/pom.xml # a copy of the pom.xml whose jars lie beside it
java_path=$cache/java        # one line: the java that runs them

say() { printf '%s\n' "$name: $*" >&2; }
die() { say "$@"; exit 1; }

# Prints the first java of version 17 or later, or fails. macOS has a /usr/bin/java that only advertises one.
find_java() {
  local candidate major
  for candidate in "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java || true)" {/opt/homebrew,/usr/local}/opt/openjdk{,@21,@17}/bin/java; do
    [[ -x $candidate ]] || continue
    major=$("$candidate" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
    if [[ -n $major && $major -ge 17 ]]; then printf '%s\n' "$candidate"; return; fi
  done
  return 1
}

install_java_and_maven() {
  if command -v apt-get >/dev/null; then
    local root=()
    if [[ $(id -u) -ne 0 ]]; then
      command -v sudo >/dev/null || die "Java 17+ and Maven are missing. As root: apt-get install default-jdk-headless maven"
      root=(sudo)
    fi
    say "installing Java and Maven by apt-get"
    ${root[@]+"${root[@]}"} apt-get update -qq
    ${root[@]+"${root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y default-jdk-headless maven >/dev/null
  elif [[ $(uname) == Darwin ]] && command -v brew >/dev/null; then
    say "installing Java and Maven by brew"
    brew install --quiet openjdk maven
  else
    die "Java 17+ and Maven are missing. Install both (OpenJDK 17 or later, Apache Maven 3.6 or later), then run $0 $name again."
  fi
}

if cmp -s "$here/pom.xml" "$installed" && [[ -x $(cat "$java_path" 2>/dev/null) ]]; then exit 0; fi

if ! java=$(find_java) || ! command -v mvn >/dev/null; then
  install_java_and_maven
  java=$(find_java) || die "still no Java 17 or later: set JAVA_HOME to one, then run $0 $name again."
  command -v mvn >/dev/null || die "still no mvn on the PATH."
fi

# Into a folder of our own, then renamed: a run cut short never leaves half the jars in place.
mkdir -p "$cache"
fresh=$(mktemp -d "$cache/lib.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
say "fetching the jars by Maven"
mvn --batch-mode --quiet -Dstyle.color=never --file "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$fresh" >&2
cp "$here/pom.xml" "$fresh/pom.xml"
chmod 755 "$fresh"
printf '%s\n' "$java" >"$java_path"
rm -rf "${cache:?}/lib"
mv "$fresh" "$cache/lib"
