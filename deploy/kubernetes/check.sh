#!/usr/bin/env bash
# Builds every overlay and checks what comes out: against Kubernetes' own schemas, and against what the pod security
# standard "restricted" asks for (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
#
#   deploy/kubernetes/check.sh [OVERLAY…]
#
# Needs kubectl (or kustomize) and, from PyPI, kubernetes-validate; PYTHON names the interpreter that has it.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
python=${PYTHON:-python3}

build() {
    if command -v kubectl >/dev/null; then kubectl kustomize "$1"; else kustomize build "$1"; fi
}
[ $# -gt 0 ] || set -- run sidecar sync
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for overlay in "$@"; do
    build "$overlay" >"$work/manifest.yaml"
    "$python" -c 'import sys; from kubernetes_validate.__main__ import main; sys.exit(main())' \
        --strict --quiet "$work/manifest.yaml"
    "$python" restricted.py "$work/manifest.yaml"
    echo "$overlay: valid, restricted"
done
