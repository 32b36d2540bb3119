"""Servers that are none of Latchkey's, for the transport's tests; each takes a free port and prints `port=N`.

    servers.py certificates DIRECTORY      authority.pem, stranger.pem, server.pem with server.key, fingerprint
    servers.py web DIRECTORY               HTTP/1.1 over TLS (http.server)
    servers.py plain                       the same without TLS
    servers.py nginx DIRECTORY [http2]     nginx
    servers.py silent                      accepts, and never says anything
    servers.py closed                      holds a port that refuses connections
    servers.py proxy                       a proxy for CONNECT; prints the lines of each request's head

All end when their standard input does.
"""

import http.server
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading

BIG = 100_000


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        # The handshake happens on the connection's own thread.
        if self.server.context:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=(), length=True):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header(*(("Content-Length", len(body)) if length else ("Transfer-Encoding", "chunked")))
        self.end_headers()
        if length:
            self.wfile.write(body)
            return
        for start in range(0, len(body), 5000):
            piece = body[start:start + 5000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        if path == "/echo":
            lines = [f"{self.command} {self.path}", f"connection {self.client_address[1]}"]
            lines += [f"{name.lower()}: {value}" for name, value in self.headers.items()]
            self.answer(200, "\n".join(lines + ["", body.decode()]).encode(), [("X-Spaces", " \t in between \t ")])
        elif path == "/moved":
            self.answer(302, b"", [("Location", "/echo")])
        elif path in ("/big", "/chunked"):
            self.answer(200, b"x" * BIG, length=path == "/big")
        elif path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x" * 10)
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif path == "/never":
            sys.stdin.read()
        else:
            self.answer(404, b"")

    do_GET = do_POST = handle_any


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    context = None

    def handle_error(self, *_):
        pass


def certificates(directory):
    def openssl(*arguments):
        return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True, cwd=directory).stdout

    with open(f"{directory}/extensions", "w", encoding="ascii") as file:
        file.write("subjectAltName=DNS:localhost\nbasicConstraints=critical,CA:false\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for name in ("authority", "stranger"):
        openssl("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN={name}")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    openssl("x509", "-req", "-in", "server.csr", "-out", "server.pem", "-days", "2", "-CA", "authority.pem", "-CAkey",
            "authority.key", "-CAcreateserial", "-extfile", "extensions")
    digest = openssl("x509", "-in", "server.pem", "-noout", "-fingerprint", "-sha1").strip().partition("=")[2]
    print(digest.replace(":", "").lower())


def listener(listening=True):
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    if listening:
        taken.listen(128)
    return taken


def announce(port):
    print(f"port={port}", flush=True)


def web(directory=None):
    server = Server(("127.0.0.1", 0), Answers)
    if directory:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(f"{directory}/server.pem", f"{directory}/server.key")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    announce(server.server_port)
    sys.stdin.read()


NGINX = """
daemon off; master_process off; pid {home}/pid; error_log stderr crit;
events {{ worker_connections 256; }}
http {{
    access_log off; client_body_temp_path {home}/body;
    server {{
        listen 127.0.0.1:{port} ssl{more};
        ssl_certificate {directory}/server.pem; ssl_certificate_key {directory}/server.key;
        location / {{ return 200 "$server_protocol\\nconnection $connection\\n"; }}
    }}
}}
"""


def nginx(directory, *more):
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin") or sys.exit("no nginx")
    while True:
        free = listener(False)
        port = free.getsockname()[1]
        free.close()
        home = f"{directory}/nginx-{port}-{os.getpid()}"
        os.mkdir(home)
        with open(f"{home}/nginx.conf", "w", encoding="ascii") as file:
            words = "".join(f" {word}" for word in more)
            file.write(NGINX.format(home=home, port=port, directory=directory, more=words))
        child = subprocess.Popen([program, "-p", home, "-c", f"{home}/nginx.conf"], stdin=subprocess.DEVNULL)
        # It ends where somebody else has taken the port meanwhile: then another one is tried.
        while child.poll() is None and not accepts(port):
            pass
        if child.poll() is None:
            break
    announce(port)
    sys.stdin.read()
    child.terminate()
    child.wait()


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


def proxy():
    def serve(client):
        reader = client.makefile("rb")
        target = None
        while (line := reader.readline().strip()):
            target = target or line.split()[1].decode()
            print(line.decode(), flush=True)
        host, _, port = target.rpartition(":")
        # The name is this machine's, whatever it is: a client behind a proxy resolves none.
        far = socket.create_connection(("127.0.0.1" if host.endswith(".test") else host, int(port)))
        client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        threading.Thread(target=pump, args=(far, client), daemon=True).start()
        pump(client, far)

    def pump(source, sink):
        try:
            while (piece := source.recv(65536)):
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    taken = listener()
    announce(taken.getsockname()[1])

    def accept():
        while True:
            threading.Thread(target=serve, args=(taken.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


def hold(listening):
    taken = listener(listening)
    announce(taken.getsockname()[1])
    sys.stdin.read()


def main(mode, *arguments):
    modes = {"certificates": certificates, "web": web, "plain": web, "nginx": nginx, "proxy": proxy,
             "silent": lambda: hold(True), "closed": lambda: hold(False)}
    modes[mode](*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
