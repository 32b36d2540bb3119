import Foundation
import Glibc
import Testing

/// `--on-change replace`: a second command takes the place of the first one, and nobody who asks notices.
struct ReplaceTests {
    /// A server that takes the socket, and how it is started.
    struct Server: Sendable, CustomTestStringConvertible {
        let name: String
        let program: String
        /// Where it is not, its directories are those of Debian.
        var path: String { Programs.installed(program) ?? "/usr/sbin/\(program)" }
        let options: [String]
        /// Files by name; `SCRATCH` and `PORT` stand for the test's.
        let files: [String: String]
        let command: [String]

        var testDescription: String { name }
        var isThere: Bool { FileManager.default.isExecutableFile(atPath: path) }
    }

    /// `TOKEN` is a secret: where it begins with `bad`, the app ends, hangs or says nothing.
    private static let python = """
        import os, signal, socket, sys, threading, time
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        token = os.environ["TOKEN"]
        if token.endswith("exits"): sys.exit(3)
        if token.endswith("hangs"): time.sleep(1000)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def do_GET(self):
                body = str(os.getpid()).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                if stopping.is_set():
                    self.send_header("Connection", "close")
                    self.close_connection = True
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *arguments): pass

        stopping = threading.Event()
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        server.socket.close()
        server.socket = socket.socket(fileno=3)
        # Two processes wait for the same connections: one of them comes too late.
        server.socket.setblocking(False)
        def stop(*arguments):
            stopping.set()
            threading.Thread(target=server.shutdown).start()
        signal.signal(signal.SIGTERM, stop)
        notify = os.environ.get("NOTIFY_SOCKET")
        if notify and not token.endswith("silent"):
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", "\\0" + notify[1:])
        print("serving", os.getpid(), flush=True)
        server.serve_forever()
        server.server_close()
        """

    private static let gunicorn = """
        import os
        pid = str(os.getpid()).encode()
        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [pid]
        """

    private static let node = """
        const http = require('http');
        let stopping = false;
        const server = http.createServer((request, response) => {
          const body = String(process.pid);
          response.setHeader('Content-Length', body.length);
          if (stopping) response.setHeader('Connection', 'close');
          response.end(body);
        });
        server.listen({ fd: 3 }, () => console.log('serving', process.pid));
        process.on('SIGTERM', () => {
          stopping = true;
          server.close(() => process.exit(0));
          setTimeout(() => server.closeAllConnections(), 3000).unref();
        });
        """

    private static let nginx = """
        daemon off;
        master_process on;
        worker_processes 1;
        error_log stderr warn;
        events {}
        http {
          access_log off;
          client_body_temp_path SCRATCH/body; proxy_temp_path SCRATCH/proxy; fastcgi_temp_path SCRATCH/fastcgi;
          uwsgi_temp_path SCRATCH/uwsgi; scgi_temp_path SCRATCH/scgi;
          server { listen 127.0.0.1:PORT; location / { return 200 "ok"; } }
        }
        """

    static let servers = [
        Server(
            name: "http.server", program: "python3", options: ["--ready", "exec:true"],
            files: ["app.py": python], command: ["python3", "app.py"]),
        Server(
            name: "gunicorn", program: "gunicorn", options: ["--ready", "1s"],
            files: ["app.py": gunicorn],
            command: ["gunicorn", "--threads", "8", "--log-level", "error", "app:app"]),
        Server(
            name: "Node", program: "node", options: ["--ready", "1s"], files: ["app.js": node],
            command: ["node", "app.js"]),
        Server(
            name: "nginx", program: "nginx",
            // Its workers outlive a master that is killed at the stop timeout.
            options: ["--ready", "1s", "--stop-signal", "QUIT", "--group-signal"],
            files: ["nginx.conf": nginx],
            command: [
                "sh", "-c", "exec env NGINX='3;' nginx -c \"$PWD/nginx.conf\" -g \"pid $PWD/nginx.$$.pid;\"",
            ]),
    ]

    private func start(
        _ server: Server, _ azure: Emulator, port: Int, options: [String], in scratch: Scratch
    ) throws -> Launch {
        for (name, text) in server.files {
            _ = try scratch.write(
                text.replacing("SCRATCH", with: scratch.path).replacing("PORT", with: String(port)), to: name)
        }
        let given = [
            "run", "--vault", azure.vault, "--ca-file", azure.authority, "-e", "TOKEN=db-password",
            "--on-change", "replace", "--refresh", "off", "--listen", "http=tcp:127.0.0.1:\(port)",
        ]
        return try azure.start(given + options + ["--"] + server.command, in: scratch)
    }

    private func load(_ port: Int) throws -> Launch {
        let load = try Launch(Programs.probe, ["load", String(port), "400"])
        try load.expect(line: "ready")
        return load
    }

    @Test(.enabled(if: servers[0].isThere, "python3 is not installed"))
    func `both processes are in the status, and TERM ends both`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let port = try #require(freePort())
            let launch = try start(
                Self.servers[0], azure, port: port, options: ["--ready", "60s", "--ready-timeout", "90s"], in: scratch)
            try #require(launch.output.wait { $0.hasPrefix("serving ") })
            try azure.rotate("db-password", to: "c4n4ry-new")
            launch.send(SIGHUP)
            let both = launch.output.wait { $0.components(separatedBy: "serving ").count == 3 }
            try #require(both, "no second process; errors: \(launch.errors.text)")
            let pids = launch.output.text.split(separator: "\n").map { $0.split(separator: " ")[1] }
            let status = try Launch(
                Programs.latchkey, ["status"], environment: ["RUNTIME_DIRECTORY": scratch.path + "/instance"]
            ).end()
            #expect(
                status.output.contains("command       running as \(pids[0]), beside it \(pids[1]) starting\n"),
                "\(status.output)")
            #expect(try launch.end(SIGTERM).ending == .code(0))
        }
    }

    @Test func `files go back with the second command, and the first one is told`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let script =
                "case \"$(cat \"$LATCHKEY_SECRETS/database\")\" in *bad) exit 3;; esac; "
                + "exec \(Programs.probe) print-on USR1 database"
            let launch = try azure.run(
                "-f", "database=db-password", "--on-change", "replace", "--signal", "USR1", "--refresh", "off",
                command: ["sh", "-c", script], in: scratch)
            try launch.expect(line: "ready")
            try azure.rotate("db-password", to: "c4n4ry-bad")
            launch.send(SIGHUP)
            try launch.expect(error: "error[child-rolled-back]")
            try launch.expect(line: "end")
            let outcome = try launch.end(SIGTERM)
            let seen = outcome.output.split(separator: "\n").filter { $0.hasPrefix("file=") }
            #expect(seen.count == 2 && seen.allSatisfy { $0.contains(fingerprint("c4n4ry-database")) })
        }
    }

    private func expectNoFailure(_ load: Launch, _ location: SourceLocation = #_sourceLocation) throws {
        let outcome = try load.end(SIGTERM)
        #expect(outcome.output.contains(" failed=0 resets=0 "), "\(outcome.output)", sourceLocation: location)
    }

    /// Node is installed by the full run only.
    @Test(arguments: servers.filter { $0.isThere || $0.name != "Node" || runsFull })
    func `a rotation under load fails no request`(server: Server) throws {
        try #require(server.isThere, "\(server.program) is not installed")
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let port = try #require(freePort())
            let launch = try start(server, azure, port: port, options: server.options, in: scratch)
            let load = try load(port)
            for number in 1...2 {
                try azure.rotate("db-password", to: "c4n4ry-\(number)")
                launch.send(SIGHUP)
                let seen = launch.errors.wait { $0.components(separatedBy: "info[child-replaced]").count > number }
                try #require(seen, "no replacement; errors: \(launch.errors.text)")
            }
            try expectNoFailure(load)
            let outcome = try launch.end(SIGTERM)
            #expect(outcome.failures.isEmpty, "\(outcome.errors)")
        }
    }

    @Test(.enabled(if: servers[0].isThere, "python3 is not installed"), arguments: ["exits", "hangs", "silent"])
    func `a bad secret fails no request, and the old process stays`(way: String) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let port = try #require(freePort())
            let launch = try start(
                Self.servers[0], azure, port: port,
                options: ["--ready", "notify", "--ready-timeout", "2s", "--stop-timeout", "1s"], in: scratch)
            let load = try load(port)
            let first = launch.output.text
            for number in 1...2 {
                try azure.rotate("db-password", to: "c4n4ry-\(number)-\(way)")
                launch.send(SIGHUP)
                let seen = launch.errors.wait { $0.components(separatedBy: "error[child-rolled-back]").count > number }
                try #require(seen, "no rollback; errors: \(launch.errors.text)")
            }
            // The next good one goes through.
            try azure.rotate("db-password", to: "c4n4ry-good")
            launch.send(SIGHUP)
            try launch.expect(error: "info[child-replaced]")
            try expectNoFailure(load)
            #expect(launch.output.text.hasPrefix(first))
            try launch.end(SIGTERM)
        }
    }
}
