"""Microsoft's own client against the emulator: one line for each check, exit code 1 if any of them fails.

The only argument is the emulator's emulator.json. The seed is the one beside this file.
"""

import contextlib
import json
import logging
import os
import shlex
import sys
import time
import traceback

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    CredentialUnavailableError,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from azure.keyvault.certificates import CertificateClient
from azure.keyvault.keys import KeyClient
from azure.keyvault.secrets import SecretClient

with open(sys.argv[1], encoding="utf-8") as file:
    PLACE = json.load(file)

logging.disable(logging.CRITICAL)  # the refusals that are asked for below
os.environ["REQUESTS_CA_BUNDLE"] = PLACE["ca_file"]
VAULT = PLACE["vaults"]["demo"]
SCOPE = PLACE["vault_resource"] + "/.default"
failures = 0


def check(name, condition=True):
    global failures
    failures += 0 if condition else 1
    print(("ok    " if condition else "FAIL  ") + name, flush=True)


@contextlib.contextmanager
def section(name):
    try:
        yield
    except Exception:  # noqa: BLE001 -- whatever it is, the check has failed and the others go on
        traceback.print_exc()
        check(name + ": unexpected exception", False)


@contextlib.contextmanager
def environment(name):
    """Azure's variables as they are in one of its hosting environments."""
    with open(PLACE["environments"][name], encoding="utf-8") as file:
        variables = dict(word.split("=", 1) for word in shlex.split(file.read()))
    os.environ.update(variables)
    try:
        yield variables
    finally:
        for key in variables:
            del os.environ[key]


def raises(kind, call):
    try:
        call()
    except kind as error:
        return error
    return None


def secret_operations(credential, label):
    client = SecretClient(VAULT, credential)
    name = "python-" + label
    made = client.set_secret(name, "first value", content_type="text/plain", tags={"from": "python"})
    check(f"{label}: set", made.value == "first value" and made.properties.tags == {"from": "python"})
    second = client.set_secret(name, "second value")
    check(f"{label}: get the newest", client.get_secret(name).value == "second value")
    check(f"{label}: get a version", client.get_secret(name, made.properties.version).value == "first value")
    listed = {item.name for item in client.list_properties_of_secrets()}
    check(f"{label}: list over several pages", name in listed and len([n for n in listed if "filler" in n]) == 60)
    versions = {item.version for item in client.list_properties_of_secret_versions(name)}
    check(f"{label}: list versions", versions == {made.properties.version, second.properties.version})
    changed = client.update_secret_properties(name, enabled=False, tags={"state": "off"})
    check(f"{label}: update", changed.enabled is False and changed.tags == {"state": "off"})
    error = raises(HttpResponseError, lambda: client.get_secret(name))
    check(f"{label}: a disabled secret is 403", error is not None and error.status_code == 403)
    check(f"{label}: and says so", error is not None and error.error.innererror["code"] == "SecretDisabled")
    deleted = client.begin_delete_secret(name).result()
    check(f"{label}: delete", deleted.name == name and deleted.recovery_id.endswith("/deletedsecrets/" + name))
    check(f"{label}: deleted is 404", raises(ResourceNotFoundError, lambda: client.get_secret(name)) is not None)
    check(f"{label}: set of a deleted is 409", raises(ResourceExistsError, lambda: client.set_secret(name, "x")) is not None)
    check(f"{label}: list deleted", name in {item.name for item in client.list_deleted_secrets()})
    client.begin_recover_deleted_secret(name).wait()
    client.update_secret_properties(name, enabled=True)
    check(f"{label}: recover", client.get_secret(name).value == "second value")
    client.begin_delete_secret(name).wait()
    client.purge_deleted_secret(name)
    check(f"{label}: purge", raises(ResourceNotFoundError, lambda: client.get_deleted_secret(name)) is not None)
    check(f"{label}: missing is 404", raises(ResourceNotFoundError, lambda: client.get_secret("nothing")) is not None)


def refusals(credential, label):
    error = raises(HttpResponseError, lambda: SecretClient(VAULT, credential).get_secret("db-password"))
    check(f"{label}: 403 without permission", error is not None and error.status_code == 403)
    check(f"{label}: ForbiddenByRbac", error is not None and error.error.innererror["code"] == "ForbiddenByRbac")
    error = raises(
        HttpResponseError, lambda: SecretClient(PLACE["vaults"]["policy"], credential).get_secret("db-password")
    )
    check(f"{label}: ForbiddenByPolicy", error is not None and error.error.innererror["code"] == "ForbiddenByPolicy")


def managed_identity():
    for name in ("app-service", "imds"):
        with section(name), environment(name):
            secret_operations(ManagedIdentityCredential(), name)
            refusals(ManagedIdentityCredential(client_id="11111111-aaaa-4aaa-8aaa-00000000beef"), name)
            wrong = ManagedIdentityCredential(client_id="00000000-0000-0000-0000-000000000000")
            error = raises((CredentialUnavailableError, ClientAuthenticationError), lambda: wrong.get_token(SCOPE))
            check(f"{name}: an unknown client id is refused", error is not None)
    for name in ("azure-ml", "service-fabric", "cloud-shell", "arc"):
        if name == "arc" and os.geteuid() != 0:
            print("skip  arc: its key files are where only root can write")
            continue
        with section(name), environment(name):
            client = SecretClient(VAULT, ManagedIdentityCredential())
            check(f"{name}: get", client.get_secret("db-password").value == "correct horse")


def applications():
    with section("workload identity"), environment("workload-identity-app"):
        credential = WorkloadIdentityCredential(disable_instance_discovery=True)
        secret_operations(credential, "workload-identity")
    with section("token proxy"), environment("workload-identity-proxy-app"):
        credential = WorkloadIdentityCredential(disable_instance_discovery=True, enable_azure_proxy=True)
        secret_operations(credential, "token-proxy")
    with section("client secret"), environment("client-secret-app") as variables:
        tenant, client = variables["AZURE_TENANT_ID"], variables["AZURE_CLIENT_ID"]
        credential = ClientSecretCredential(
            tenant, client, variables["AZURE_CLIENT_SECRET"], disable_instance_discovery=True
        )
        secret_operations(credential, "client-secret")
        wrong = ClientSecretCredential(tenant, client, "wrong", disable_instance_discovery=True)
        error = raises(ClientAuthenticationError, lambda: wrong.get_token(SCOPE))
        check("client-secret: a wrong one is AADSTS7000215", error is not None and "AADSTS7000215" in str(error))
        wrong = ClientSecretCredential(
            "00000000-0000-4000-8000-000000000000", client, "wrong", disable_instance_discovery=True
        )
        error = raises((ClientAuthenticationError, ValueError), lambda: wrong.get_token(SCOPE))
        check("client-secret: an unknown tenant is refused", error is not None)
    with section("client certificate"), environment("client-certificate-app") as variables:
        for chain in (False, True):
            credential = CertificateCredential(
                variables["AZURE_TENANT_ID"],
                variables["AZURE_CLIENT_ID"],
                variables["AZURE_CLIENT_CERTIFICATE_PATH"],
                send_certificate_chain=chain,
                disable_instance_discovery=True,
            )
            secret_operations(credential, "client-certificate" + ("-chain" if chain else ""))


def keys_and_certificates():
    with section("keys and certificates"), environment("app-service"):
        credential = ManagedIdentityCredential()
        certificates = CertificateClient(VAULT, credential)
        certificate = certificates.get_certificate("web-tls")
        check("certificate: get with its policy", certificate.policy.subject == "CN=web.example.org")
        listed = {item.name for item in certificates.list_properties_of_certificates()}
        check("certificate: list", listed == {"web-tls", "web-pem"})
        secrets = SecretClient(VAULT, credential)
        secret = secrets.get_secret("web-tls")
        check("certificate: its secret is a PFX", secret.properties.content_type == "application/x-pkcs12")
        check("certificate: and names its key", secret.properties.key_id.endswith("/" + certificate.properties.version))
        check("certificate: PEM", "PRIVATE KEY" in secrets.get_secret("web-pem").value)
        error = raises(HttpResponseError, lambda: secrets.set_secret("web-tls", "mine"))
        check("certificate: its secret cannot be set", error is not None and error.status_code == 403)
        key = KeyClient(VAULT, credential).get_key("signing")
        check("key: get", key.key_type == "EC" and len(key.key.x) == 32)


def access_evaluation():
    import urllib.request

    with section("continuous access evaluation"), environment("client-secret-app") as variables:
        credential = ClientSecretCredential(
            variables["AZURE_TENANT_ID"],
            variables["AZURE_CLIENT_ID"],
            variables["AZURE_CLIENT_SECRET"],
            disable_instance_discovery=True,
        )
        client = SecretClient(VAULT, credential)
        client.get_secret("db-password")
        urllib.request.urlopen(urllib.request.Request(PLACE["control"] + "/revoke", method="POST"))
        check("a revoked token is asked for anew", client.get_secret("db-password").value == "correct horse")


started = time.monotonic()
managed_identity()
applications()
keys_and_certificates()
access_evaluation()
print(f"{'failed' if failures else 'passed'} ({failures} failures, {time.monotonic() - started:.1f} s)")
sys.exit(1 if failures else 0)
