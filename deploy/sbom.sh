#!/usr/bin/env bash
# Writes the software bill of materials of the programs as they are shipped (CycloneDX 1.5, JSON): the Swift packages
# that are linked into them, the toolchain's runtime, the headers that are compiled into them, and the shared libraries
# with their Debian packages.
#
#   deploy/sbom.sh                 to standard output, of the release build
#   deploy/sbom.sh DIR             of the programs in DIR
#
# The same programs on the same system give the same bytes: there is no time and no serial number in it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
case "${1:-}" in
-h | --help)
    sed -n '2,9s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac
bin=${1:-$(swift build -c release --static-swift-stdlib --show-bin-path)}
for program in latchkey latchkey-worker; do
    [ -x "$bin/$program" ] || { echo "sbom.sh: error: there is no program $program in $bin" >&2 && exit 66; }
done

# What the manifest says: every package that a target below the programs takes a product from.
packages() {
    swift package dump-package | jq '
        def below($targets; $name): $targets[$name].dependencies[]?
            | (.product // empty | {package: .[1]}), ((.byName // .target // empty) | .[0] | below($targets; .));
        (.targets | map({key: .name, value: .}) | from_entries) as $targets
        | ([below($targets; "latchkey", "latchkey-worker") | .package | ascii_downcase] | unique) as $linked
        | [.dependencies[].sourceControl[]
            | {identity, url: .location.remote[0].urlString, version: .requirement.exact[0]}
            | select(.identity as $identity | $linked | index($identity))
            | {type: "library", name: .identity, version,
               purl: "pkg:swift/\(.url | ltrimstr("https://"))@\(.version)", scope: "required"}]'
}

# What the toolchain brings along: it is linked statically.
runtime() {
    swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' | head -n 1 | jq -R '
        [{type: "library", name: "swift-runtime", version: ., scope: "required",
          description: "the standard library, linked statically; nothing of Foundation"}]'
}

# What is compiled in from headers.
headers() {
    local package=libtomlplusplus-dev
    jq -n --arg package "$package" --arg version "$(dpkg-query -W -f='${Version}' "$package")" '
        [{type: "library", name: "toml++", version: $version, scope: "required",
          purl: "pkg:deb/debian/\($package)@\($version | @uri)"}]'
}

# What the loader finds, with the Debian package that each library belongs to.
libraries() {
    local path name package
    ldd "$bin/latchkey-worker" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | sort -u | while read -r path; do
        name=$(basename "$path")
        # Libraries below /lib are recorded by that name or by the one below /usr/lib.
        package=$({ dpkg-query -S "$(readlink -f "$path")" || dpkg-query -S "$path"; } 2>/dev/null | head -n 1) || true
        package=${package%%: *}
        jq -n --arg name "$name" --arg package "${package%%:*}" \
            --arg version "$([ -z "$package" ] || dpkg-query -W -f='${Version}' "$package")" '
            {type: "library", name: $name, scope: "required"}
            + if $package == "" then {} else
                {version: $version, purl: "pkg:deb/debian/\($package)@\($version | @uri)"} end'
    done | jq -s 'unique_by(.name)'
}

version=$(sed -n 's/.*static let version = "\(.*\)".*/\1/p' Sources/Messages/Release.swift)
jq -n --arg version "$version" --argjson packages "$(packages)" --argjson runtime "$(runtime)" \
    --argjson headers "$(headers)" --argjson libraries "$(libraries)" '
    {bomFormat: "CycloneDX", specVersion: "1.5", version: 1,
     metadata: {component: {type: "application", name: "latchkey", version: $version}},
     components: ($packages + $runtime + $headers + $libraries)}'
