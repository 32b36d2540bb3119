"""The setup: namespaces of our own, in which a web server is the vault at its real name.

Everything here happens in a network, a mount and a process namespace that end with the benchmark: the names of the
vaults, the authorities and the delay are seen by nobody else.
"""

import ctypes
import fcntl
import os
import secrets
import shutil
import socket
import struct
import subprocess
import time
import urllib.request

NEAR, NEAR_H2, FAR, FAR_H2 = "near", "near-h2", "far", "far-h2"
ADDRESSES = {NEAR: "127.0.0.1", NEAR_H2: "127.0.0.2", FAR: "10.99.0.2", FAR_H2: "10.99.0.3"}
# So many vaults more, each a name of its own at the near server; and lists of these lengths.
MANY = [f"near-{number:02d}" for number in range(1, 21)]
LISTS = {"near": 100, "near-list-10000": 10_000}
TOKEN_PORT, STATUS_PORT = 4141, 8081
UPDATED = 1_700_000_000

_libc = ctypes.CDLL(None, use_errno=True)


def mount(source, target, kind=None, flags=0, data=None):
    """mount(2)."""
    encoded = [None if text is None else text.encode() for text in (source, target, kind, data)]
    if _libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), target)


def bind(source, target):
    mount(source, target, flags=0x1000)


def raise_loopback():
    """Sets `lo` up in this network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, struct.pack("16sH22x", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: up, running


def value(name):
    """The value of a secret, as the server makes it."""
    return f"value-of-{name}-0123456789abcdef"


class Setup:
    """Names, authorities and servers; `directory` is empty and takes what they need."""

    def __init__(self, directory, programs):
        self.directory = directory
        self.programs = programs
        self.token = ".".join(secrets.token_urlsafe(count) for count in (60, 800, 256))
        self.header = secrets.token_hex(16)
        self._children = []

    def build(self):
        raise_loopback()
        mount("tmpfs", "/run", "tmpfs")
        self._name_hosts()
        self._make_certificates()
        self._trust()
        self._write_lists()
        self._join_far_side()
        self._serve("near", ["127.0.0.1"], ["127.0.0.2"], None)
        self._serve("far", [ADDRESSES[FAR]], [ADDRESSES[FAR_H2]], self._enter_far)
        for address in ("127.0.0.1", ADDRESSES[FAR]):
            self._await_server(address)
        return self

    def end(self):
        for child in reversed(self._children):
            child.terminate()
            child.wait()

    def host(self, place):
        return f"{place}.vault.azure.net"

    def environment(self):
        """What every launcher is given: App Service's variables and nothing of the caller's."""
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
            "LANG": "C.UTF-8", "IDENTITY_ENDPOINT": f"http://127.0.0.1:{TOKEN_PORT}/msi/token",
            "IDENTITY_HEADER": self.header,
        }

    def counts(self):
        """Connections and requests that the servers have seen; asking is not counted."""
        connections = requests = 0
        for address in ("127.0.0.1", ADDRESSES[FAR]):
            text = urllib.request.urlopen(f"http://{address}:{STATUS_PORT}/", timeout=10).read().decode()
            accepted, _, asked = (int(word) for word in text.split("requests")[1].split()[:3])
            connections, requests = connections + accepted, requests + asked
        return connections, requests

    def resumed(self):
        """Requests on connections that resumed a session, by the servers' logs; the logs are emptied."""
        count = 0
        for name in ("near", "far"):
            path = f"{self.directory}/{name}/access.log"
            with open(path, "r+", encoding="utf-8") as log:
                count += len({line.split()[0] for line in log if line.split()[1] == "r"})
                log.truncate(0)
        return count

    def _name_hosts(self):
        lines = ["127.0.0.1 localhost"]
        lines += [f"{address} {self.host(place)}" for place, address in ADDRESSES.items()]
        lines += [f"127.0.0.1 {self.host(place)}" for place in MANY + list(LISTS) if place != NEAR]
        path = f"{self.directory}/hosts"
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        bind(path, "/etc/hosts")

    def _make_certificates(self):
        """A root, an intermediate and a server's certificate, of the kinds and lengths that Azure's have."""
        directory = self.directory
        extensions = f"{directory}/extensions"
        with open(extensions, "w", encoding="utf-8") as file:
            file.write(
                "[ca]\nbasicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\n"
                "subjectKeyIdentifier=hash\n"
                "[leaf]\nbasicConstraints=critical,CA:false\nextendedKeyUsage=serverAuth,clientAuth\n"
                "keyUsage=critical,digitalSignature,keyEncipherment\nsubjectKeyIdentifier=hash\n"
                "subjectAltName=DNS:*.vault.azure.net\n")

        def make(name, subject, section, bits, issuer):
            key, request, certificate = (f"{directory}/{name}.{kind}" for kind in ("key", "csr", "pem"))
            openssl("req", "-new", "-newkey", f"rsa:{bits}", "-nodes", "-keyout", key, "-out", request, "-subj", subject)
            signer = ["-CA", f"{directory}/{issuer}.pem", "-CAkey", f"{directory}/{issuer}.key", "-CAcreateserial"]
            openssl("x509", "-req", "-in", request, "-out", certificate, "-days", "30", "-sha384", "-extfile", extensions,
                    "-extensions", section, *(signer if issuer else ["-signkey", key]))

        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], check=True, capture_output=True)

        make("root", "/CN=Benchmark Root", "ca", 4096, None)
        make("issuer", "/CN=Benchmark Issuer", "ca", 4096, "root")
        make("server", "/CN=vault.azure.net", "leaf", 2048, "issuer")
        with open(f"{directory}/chain.pem", "w", encoding="utf-8") as chain:
            for name in ("server", "issuer"):
                with open(f"{directory}/{name}.pem", encoding="utf-8") as file:
                    chain.write(file.read())

    def _trust(self):
        """The system's authorities and ours, as a directory with hash links and as a bundle."""
        store = f"{self.directory}/certs"
        shutil.copytree("/etc/ssl/certs", store, symlinks=False, ignore_dangling_symlinks=True)
        shutil.copy(f"{self.directory}/root.pem", f"{store}/benchmark-root.pem")
        with open(f"{self.directory}/root.pem", encoding="utf-8") as root:
            text = root.read()
        with open(f"{store}/ca-certificates.crt", "a+", encoding="utf-8") as bundle:
            bundle.write(text)
            bundle.seek(0)
            self.authorities = bundle.read().count("BEGIN CERTIFICATE")
        digest = subprocess.run(["openssl", "x509", "-noout", "-subject_hash", "-in", f"{store}/benchmark-root.pem"],
                                check=True, capture_output=True, text=True).stdout.strip()
        shutil.copy(f"{self.directory}/root.pem", f"{store}/{digest}.0")
        bind(store, "/etc/ssl/certs")

    def _write_lists(self):
        """Pages of 25 entries: `lists/HOST/START.json`."""
        for place, length in LISTS.items():
            host = self.host(place)
            directory = f"{self.directory}/lists/{host}"
            os.makedirs(directory)
            for start in range(0, length, 25):
                entries = ",".join(
                    f'{{"id":"https://{host}/secrets/secret-{number:03d}","attributes":{{"enabled":true,'
                    f'"created":{UPDATED},"updated":{UPDATED},"recoveryLevel":"Recoverable+Purgeable",'
                    f'"recoverableDays":90}},"tags":{{}}}}' for number in range(start + 1, min(start + 25, length) + 1))
                following = start + 25
                link = f"https://{host}/secrets?api-version=7.4&start={following}&maxresults=25"
                ending = f'"{link}"' if following < length else "null"
                with open(f"{directory}/{start or ''}.json", "w", encoding="utf-8") as page:
                    page.write(f'{{"value":[{entries}],"nextLink":{ending}}}')

    def _join_far_side(self):
        """Another network namespace, 20 ms away and back."""
        far = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo ready; exec cat"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
        far.stdout.readline()
        self._children.append(far)
        self._far_pid = far.pid
        link = subprocess.Popen(
            [f"{self.programs}/delay", str(os.getpid()), "10.99.0.1", str(far.pid), ADDRESSES[FAR], "10000"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if link.stdout.readline() != b"ready\n":
            raise RuntimeError("the delayed link could not be made")
        self._children.append(link)

    def _enter_far(self):
        with open(f"/proc/{self._far_pid}/ns/net", "rb") as namespace:
            if _libc.setns(namespace.fileno(), 0x40000000) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        raise_loopback()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            address = socket.inet_aton(ADDRESSES[FAR_H2])
            fcntl.ioctl(control, 0x8916, struct.pack("16sHH4s16x", b"lo:1", socket.AF_INET, 0, address))

    def _serve(self, name, plain, multiplexed, enter):
        directory = f"{self.directory}/{name}"
        os.makedirs(directory)
        listen = [f"listen {address}:443 ssl;" for address in plain]
        listen += [f"listen {address}:443 ssl http2;" for address in multiplexed]
        path = f"{directory}/nginx.conf"
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(
                listen=" ".join(listen), root=self.directory, directory=directory, token=self.token, header=self.header,
                token_port=TOKEN_PORT, status_port=STATUS_PORT, updated=UPDATED, expires=int(time.time()) + 86_400))
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self._children.append(subprocess.Popen([nginx, "-p", directory, "-c", path], preexec_fn=enter,
                                               stdin=subprocess.DEVNULL))

    def _await_server(self, address):
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection((address, 443), timeout=5).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


# Answers as Azure's: header fields, sizes, the challenge for a request without a token.
CONFIGURATION = """
daemon off; user root; worker_processes 2; pid {directory}/pid; error_log {directory}/error.log;
events {{ worker_connections 4096; }}
http {{
    log_format exchange '$connection $ssl_session_reused $server_protocol $status $host$uri';
    access_log {directory}/access.log exchange;
    keepalive_requests 100000; large_client_header_buffers 8 16k; server_tokens off;
    server {{ listen {status_port}; access_log off; keepalive_timeout 0; location / {{ stub_status; }} }}
    server {{
        listen 127.0.0.1:{token_port};
        default_type application/json;
        location = /msi/token {{
            if ($http_x_identity_header != "{header}") {{ return 401; }}
            return 200 '{{"access_token":"{token}","expires_on":"{expires}","resource":"https://vault.azure.net","token_type":"Bearer","client_id":"00000000-0000-0000-0000-000000000000"}}';
        }}
    }}
    server {{
        {listen}
        server_name *.vault.azure.net;
        ssl_certificate {root}/chain.pem; ssl_certificate_key {root}/server.key;
        ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:sessions:10m;
        default_type application/json;
        add_header x-ms-keyvault-region westeurope always;
        add_header x-ms-client-request-id $http_x_ms_client_request_id always;
        add_header x-ms-request-id $request_id always;
        add_header x-ms-keyvault-service-version 1.9.2000.1 always;
        add_header X-Content-Type-Options nosniff always;
        add_header Strict-Transport-Security max-age=31536000 always;
        set $challenge '';
        if ($http_authorization != "Bearer {token}") {{
            set $challenge 'Bearer authorization="https://login.microsoftonline.com/00000000-0000-0000-0000-000000000001", resource="https://vault.azure.net"';
        }}
        add_header WWW-Authenticate $challenge always;
        if ($challenge) {{ return 401 '{{"error":{{"code":"Unauthorized","message":"AKV10000: Request is missing a Bearer or PoP token."}}}}'; }}
        location ~ ^/secrets/(?<name>[a-z0-9-]+)/?$ {{
            return 200 '{{"value":"value-of-$name-0123456789abcdef","id":"https://$host/secrets/$name/0123456789abcdef0123456789abcdef","attributes":{{"enabled":true,"created":{updated},"updated":{updated},"recoveryLevel":"Recoverable+Purgeable","recoverableDays":90}},"tags":{{}}}}';
        }}
        location = /secrets {{ root {root}/lists; try_files /$host/$arg_start.json =404; }}
    }}
}}
"""
