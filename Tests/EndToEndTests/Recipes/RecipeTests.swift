import Foundation
import Testing

/// The recipes of the page, as they are printed there, with the programs that they are for.
struct RecipeTests {
    private static func seed(password: String = "c4n4ry-old", days: Int = 365) -> String {
        """
        [vaults.contoso-web.secrets]
        db-password = "\(password)"
        app-key = "\(password)"
        ConnectionStrings--Main = "\(password)"

        [vaults.contoso-web.certificates.web-tls]
        subject = "CN=web.example.org"
        dns = ["web.example.org"]
        key = "EC"
        issued = true
        format = "pem"
        days = \(days)

        [vaults.contoso-web.certificates.db-tls]
        subject = "CN=db.example.org"
        dns = ["db.example.org"]
        key = "RSA"
        issued = true
        format = "pfx"
        days = \(days)
        """
    }

    private static let newPassword = "c4n4ry-that-is-new"

    @Test func `each recipe of the page is run here`() throws {
        let run = [
            "A client", "A client with an Entra token", "The server", Self.nginxHeading, "Java", ".NET", "Node",
            "Python", "Go", "Anything else",
        ]
        #expect(try PagePart.parts(of: PagePart.recipes).map(\.heading) == run)
    }

    /// A server serves what is delivered, and what is delivered after a rotation.
    private func expectNewCertificates(
        _ bench: RecipeBench, of azure: Emulator, file: String, options: String = "",
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        var served: String?
        let isUp = try eventually {
            served = try bench.servedCertificate(options)
            return served != nil
        }
        try #require(isUp, "nothing is served", sourceLocation: location)
        #expect(try bench.deliveredCertificate(file) == served, sourceLocation: location)
        try azure.reseed(Self.seed(days: 366))
        let isNew = try eventually {
            let now = try bench.servedCertificate(options)
            return now != nil && now != served
        }
        try #require(isNew, "the old certificate is still served", sourceLocation: location)
        #expect(try bench.deliveredCertificate(file) == bench.servedCertificate(options), sourceLocation: location)
    }

    private static let postgres =
        geteuid() == 0
        ? RecipeBench.obstacle("postgres", "initdb", "psql", "runuser", "openssl")
        : "needs root: PostgreSQL's server runs as its own user"

    /// A server with the role 'app'.
    private struct Postgres {
        let server: RecipeBench
        let launch: Launch

        init(_ azure: Emulator) throws {
            server = try RecipeBench("The server", azure)
            let setUp = """
                set -e
                install -d -o postgres data socket
                runuser -u postgres -- initdb -D data --auth-local=peer --auth-host=scram-sha-256 >/dev/null
                { cat postgresql.conf; echo "port = \(server.port)"; echo "unix_socket_directories = '$PWD/socket'"
                  echo "listen_addresses = '127.0.0.1'"; } >>data/postgresql.conf
                """
            try #require(try server.printed(setUp) != nil)
            launch = try server.start(for: azure)
            try launch.expect(error: "ready to accept connections")
            try administer("CREATE ROLE app LOGIN PASSWORD 'c4n4ry-old'")
        }

        func administer(_ words: String) throws {
            let psql = "runuser -u postgres -- psql -q -h '\(server.scratch.path)/socket' -p \(server.port)"
            try #require(try server.printed(psql, input: words) != nil)
        }

        /// What a client connects to.
        func address(_ azure: Emulator) -> String {
            "host=db.example.org hostaddr=127.0.0.1 port=\(server.port) user=app dbname=postgres sslmode=verify-full "
                + "sslrootcert=\(azure.authority)"
        }
    }

    @Test(.enabled(if: postgres == nil, "\(postgres ?? "")"))
    func `PostgreSQL's role takes the current Entra token as its password, and refuses the one before`() throws {
        try Emulator.serving("token-lifetime = \"30s\"\n" + Self.seed()) { azure in
            let postgres = try Postgres(azure)
            let client = try RecipeBench("A client with an Entra token", azure)
            try client.makeBell()
            try client.install(
                "app", in: ".",
                script: """
                    echo "$PGPASSFILE"
                    while :; do
                        read -r _ <bell
                        psql -wAtc 'SELECT 1' "\(postgres.address(azure))"
                    done
                    """)
            let app = try client.start(for: azure)
            let hasStarted = app.output.wait { $0.contains("\n") }
            try #require(hasStarted, "\(app.errors.text)")
            let file = try #require(app.output.lines.first)
            func token() throws -> String {
                try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").last.map {
                    String($0.split(separator: ":").last ?? "")
                } ?? ""
            }
            let first = try token()
            try postgres.administer("ALTER ROLE app PASSWORD '\(first)'")
            try client.ring(until: { app.output.lines.contains("1") })
            let isRenewed = try eventually { try token() != first }
            try #require(isRenewed)
            // Entra has a new token, and so has the role: the old one is nobody's.
            try postgres.administer("ALTER ROLE app PASSWORD '\(try token())'")
            let before = app.output.lines.count { $0 == "1" }
            try client.ring(until: { app.output.lines.count { $0 == "1" } > before })
            let old = try postgres.server.printed(
                "PGPASSWORD=$(cat) psql -wAtc 'SELECT 1' \"\(postgres.address(azure))\" 2>/dev/null || echo refused",
                input: first)
            #expect(old == "refused\n")
            try app.end(SIGTERM)
            try postgres.launch.end(SIGTERM)
        }
    }

    @Test(.enabled(if: postgres == nil, "\(postgres ?? "")"))
    func `PostgreSQL's server takes a new certificate, and its client a new password`() throws {
        try Emulator.serving(Self.seed()) { azure in
            let postgres = try Postgres(azure)
            let server = postgres.server
            try expectNewCertificates(
                server, of: azure, file: server.scratch.path + "/run/postgresql-tls/secrets/server.pem",
                options: "-starttls postgres")

            let client = try RecipeBench("A client", azure)
            try client.makeBell()
            try client.install(
                "app", in: ".",
                script: """
                    while :; do
                        psql -wAtc 'SELECT 1' "\(postgres.address(azure))"
                        read -r _ <bell
                    done
                    """)
            let app = try client.start(for: azure)
            try app.expect(line: "1")
            try postgres.administer("ALTER ROLE app PASSWORD '\(Self.newPassword)'")
            client.ring()
            try app.expect(error: "password authentication failed")
            try azure.reseed(Self.seed(password: Self.newPassword, days: 366))
            try client.ring(until: { app.output.lines.count == 2 })
            try app.end(SIGTERM)
            let outcome = try postgres.launch.end(SIGTERM)
            #expect(outcome.ending == .code(0))
            #expect(outcome.errors.contains("received fast shutdown request"))
        }
    }

    // MARK: servers that read a certificate again

    private static let nginx = RecipeBench.obstacle("nginx", "openssl")
    private static let nginxHeading = "nginx, with new certificates without a restart"

    /// The page's server in a configuration that keeps to its own directory.
    private func prepareNginx(_ bench: RecipeBench) throws {
        _ = try bench.scratch.write(
            """
            pid \(bench.scratch.path)/run/nginx.pid;
            error_log stderr notice;
            events {}
            http {
                access_log off;
                include \(bench.scratch.path)/web.conf;
            }
            """, to: "nginx.conf")
        let nginx = try #require(try bench.printed("command -v nginx")).trimmingCharacters(in: .newlines)
        try bench.install(
            "nginx", script: "exec \(nginx) -p \(bench.scratch.path) -c \(bench.scratch.path)/nginx.conf \"$@\"")
    }

    @Test(.enabled(if: nginx == nil, "\(nginx ?? "")"))
    func `nginx below latchkey serves a new certificate`() throws {
        try Emulator.serving(Self.seed()) { azure in
            let bench = try RecipeBench(Self.nginxHeading, azure)
            try prepareNginx(bench)
            let launch = try bench.start(for: azure)
            try expectNewCertificates(
                bench, of: azure, file: bench.scratch.path + "/run/nginx-tls/secrets/tls/server.pem")
            try launch.end(SIGTERM)
        }
    }

    @Test(.enabled(if: nginx == nil, "\(nginx ?? "")"))
    func `nginx beside a sidecar serves a new certificate`() throws {
        try Emulator.serving(Self.seed()) { azure in
            let bench = try RecipeBench(Self.nginxHeading, azure)
            try prepareNginx(bench)
            let file = bench.scratch.path + "/run/nginx-tls/secrets/tls/server.pem"
            let sidecar = try bench.start(1, for: azure)
            let isDelivered = eventually { FileManager.default.fileExists(atPath: file) }
            try #require(isDelivered, "\(sidecar.errors.text)")
            let server = try bench.shell("exec nginx -g 'daemon off;'")
            try expectNewCertificates(bench, of: azure, file: file)
            let outcome = try sidecar.end(SIGTERM)
            #expect(outcome.ending == .code(0) && outcome.failures.isEmpty)
            try server.end(SIGTERM)
        }
    }

    private static let node = RecipeBench.obstacle("node", "openssl")

    @Test(.enabled(if: node == nil, "\(node ?? "")"))
    func `Node serves a new certificate`() throws {
        try Emulator.serving(Self.seed()) { azure in
            let bench = try RecipeBench("Node", azure)
            let launch = try bench.start(for: azure)
            try expectNewCertificates(bench, of: azure, file: bench.secrets + "/tls/server.pem")
            try launch.end(SIGTERM)
        }
    }

    private static let go = RecipeBench.obstacle("go", "openssl")

    @Test(.enabled(if: go == nil, "\(go ?? "")"))
    func `Go serves a new certificate`() throws {
        try Emulator.serving(Self.seed()) { azure in
            let bench = try RecipeBench("Go", azure)
            try #require(try bench.printed("GOCACHE=$PWD/cache go build -o server main.go") != nil)
            let launch = try bench.start(for: azure)
            try expectNewCertificates(bench, of: azure, file: bench.secrets + "/tls/server.pem")
            try launch.end(SIGTERM)
        }
    }

    // MARK: apps that take a new password

    /// What an app prints of a password.
    private static func words(_ password: String) -> String { "\(password.count) characters" }

    private static let python = RecipeBench.obstacle("python3")

    @Test(.enabled(if: python == nil, "\(python ?? "")"))
    func `Python reads a new password in its handler`() throws {
        try Emulator.serving(Self.seed()) { azure in
            let bench = try RecipeBench("Python", azure)
            try bench.makeBell()
            let rest = """
                while True:
                    print(len(password), "characters", flush=True)
                    open("bell").read()
                """
            _ = try bench.scratch.write("\(bench.file("app.py"))\n\(rest)\n", to: "app.py")
            let launch = try bench.start(for: azure)
            try launch.expect(line: Self.words("c4n4ry-old"))
            try azure.reseed(Self.seed(password: Self.newPassword))
            try bench.ring { launch.output.lines.last == Self.words(Self.newPassword) }
            try launch.end(SIGTERM)
        }
    }

    private static let gunicorn = RecipeBench.obstacle("gunicorn", "curl")

    @Test(.enabled(if: gunicorn == nil, "\(gunicorn ?? "")"))
    func `gunicorn's new workers read a new password`() throws {
        try Emulator.serving(Self.seed()) { azure in
            let bench = try RecipeBench("Python", azure)
            let launch = try bench.start(1, for: azure)
            func answers(_ password: String) throws -> Bool {
                try eventually {
                    let answer = try bench.printed("curl -s http://127.0.0.1:\(bench.port)/")
                    return answer == "a password of \(Self.words(password))\n"
                }
            }
            #expect(try answers("c4n4ry-old"))
            try azure.reseed(Self.seed(password: Self.newPassword))
            #expect(try answers(Self.newPassword))
            try launch.end(SIGTERM)
        }
    }

    private static let java = RecipeBench.obstacle("java", "javac", "jar")

    @Test(.enabled(if: java == nil, "\(java ?? "")"))
    func `Java is restarted with a new password`() throws {
        try Emulator.serving(Self.seed()) { azure in
            let bench = try RecipeBench("Java", azure)
            let program = """
                public class App {
                    public static void main(String[] arguments) throws InterruptedException {
                        System.out.println(System.getenv("SPRING_DATASOURCE_PASSWORD").length() + " characters");
                        Thread.sleep(Long.MAX_VALUE);
                    }
                }
                """
            _ = try bench.scratch.write(program, to: "App.java")
            try #require(try bench.printed("javac App.java && jar -cfe app.jar App App.class") != nil)
            try expectRestart(of: bench, for: azure)
        }
    }

    @Test func `what stands in for dotnet is restarted with a new variable`() throws {
        try Emulator.serving(Self.seed()) { azure in
            let bench = try RecipeBench(".NET", azure)
            try bench.install("dotnet", script: #"echo "${#ConnectionStrings__Main} characters"; exec sleep 1d"#)
            try expectRestart(of: bench, for: azure)
        }
    }

    private func expectRestart(
        of bench: RecipeBench, for azure: Emulator, _ location: SourceLocation = #_sourceLocation
    ) throws {
        let launch = try bench.start(for: azure)
        try launch.expect(line: Self.words("c4n4ry-old"), location)
        try azure.reseed(Self.seed(password: Self.newPassword))
        try launch.expect(line: Self.words(Self.newPassword), location)
        let outcome = try launch.end(SIGTERM)
        #expect(outcome.failures.isEmpty, "\(outcome.errors)", sourceLocation: location)
    }

    @Test func `a command is run with the names of what has changed`() throws {
        try Emulator.serving(Self.seed()) { azure in
            let bench = try RecipeBench("Anything else", azure)
            try bench.install("supervisorctl", script: #"echo "$LATCHKEY_CHANGED: $*""#)
            let launch = try bench.start(for: azure)
            let isDelivered = eventually { FileManager.default.fileExists(atPath: bench.secrets + "/app.key") }
            try #require(isDelivered, "\(launch.errors.text)")
            try azure.reseed(Self.seed(password: Self.newPassword))
            try launch.expect(error: "app-key: restart server")
            try launch.end(SIGTERM)
        }
    }
}
