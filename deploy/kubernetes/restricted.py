"""What a pod must be for the pod security standard "restricted", and what the ones here must be besides.

    restricted.py MANIFEST…

Prints every violation and ends with 1 if there is one. The rules are those of
https://kubernetes.io/docs/concepts/security/pod-security-standards/ for Linux pods, "baseline" ones included.
"""

import sys

import yaml

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SECCOMP = {"RuntimeDefault", "Localhost"}


def pod_of(resource):
    if resource["kind"] == "Pod":
        return resource["spec"]
    return resource.get("spec", {}).get("template", {}).get("spec")


def violations(pod):
    common = pod.get("securityContext", {})
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield field
    if common.get("sysctls"):
        yield "sysctls"
    for volume in pod.get("volumes", []):
        kind = next(key for key in volume if key != "name")
        if kind not in VOLUMES:
            yield f"volume {volume['name']}: {kind}"
        if kind == "emptyDir" and "sizeLimit" not in volume[kind]:
            yield f"volume {volume['name']}: no sizeLimit"
    users = set()
    for container in pod.get("initContainers", []) + pod["containers"]:
        name, own = container["name"], container.get("securityContext", {})
        merged = {**common, **own}
        if own.get("privileged") or own.get("procMount", "Default") != "Default":
            yield f"{name}: privileged or procMount"
        if own.get("allowPrivilegeEscalation") is not False:
            yield f"{name}: allowPrivilegeEscalation"
        if own.get("capabilities", {}).get("drop") != ["ALL"]:
            yield f"{name}: capabilities are not dropped"
        if set(own.get("capabilities", {}).get("add", [])) - {"NET_BIND_SERVICE"}:
            yield f"{name}: capabilities are added"
        if merged.get("runAsNonRoot") is not True or merged.get("runAsUser") == 0:
            yield f"{name}: may run as root"
        if merged.get("seccompProfile", {}).get("type") not in SECCOMP:
            yield f"{name}: no seccomp profile"
        if any("hostPort" in port for port in container.get("ports", [])):
            yield f"{name}: hostPort"
        # Not of the standard: what Latchkey is made for.
        if own.get("readOnlyRootFilesystem") is not True:
            yield f"{name}: the root file system can be written"
        if "memory" not in container.get("resources", {}).get("limits", {}):
            yield f"{name}: no memory limit"
        users.add(merged.get("runAsUser"))
    if len(users) != 1:
        yield f"more than one user: {sorted(map(str, users))}"


def main(paths):
    found = pods = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for resource in filter(None, yaml.safe_load_all(file)):
                pod = pod_of(resource)
                if pod is None:
                    continue
                pods += 1
                for violation in violations(pod):
                    print(f"{resource['kind']} {resource['metadata']['name']}: {violation}", file=sys.stderr)
                    found += 1
    if pods == 0:
        print("no pod in it", file=sys.stderr)
    return 1 if found or pods == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
