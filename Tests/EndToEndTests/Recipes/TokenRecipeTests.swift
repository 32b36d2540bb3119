import Foundation
import Testing

/// Servers that take an Entra token as a password, besides PostgreSQL: each with a user whose password is the current
/// token.
struct TokenRecipeTests {
    /// A server, with what is done as its administrator and what a client says. `TOKEN` is a variable of the shell.
    struct Server: Sendable, CustomTestStringConvertible {
        let programs: [String]
        /// The file below the secrets directory.
        let file: String
        /// Sets up and becomes the server, in its directory; `PORT` is its port.
        let start: String
        /// Whether it serves.
        let ping: String
        /// Gives the user the password that is read from standard input.
        let change: String
        /// Succeeds with the password in the variable `TOKEN`, and fails with another one.
        let ask: String

        var testDescription: String { programs[0] }
        var obstacle: String? { programs.lazy.compactMap { RecipeBench.obstacle($0) }.first }
    }

    static let servers = [
        Server(
            programs: ["redis-server", "redis-cli"], file: "redis.token",
            start: "exec redis-server --port PORT --bind 127.0.0.1 --save '' --dir .",
            ping: "redis-cli -p PORT ping",
            change: "read -r TOKEN; printf 'ACL SETUSER app reset on +@all ~* >%s\\n' \"$TOKEN\" | redis-cli -p PORT",
            ask: "printf 'AUTH app %s\\n' \"$TOKEN\" | redis-cli -p PORT | grep -x OK"),
        Server(
            programs: ["mariadbd", "mariadb", "mariadb-install-db"], file: "mysql.token",
            start: "mariadb-install-db --no-defaults --datadir=\"$PWD/data\" --auth-root-authentication-method=socket "
                + "--skip-test-db >/dev/null && exec mariadbd --no-defaults --user=root --datadir=\"$PWD/data\" "
                + "--socket=\"$PWD/s\" --port=PORT --bind-address=127.0.0.1 --pid-file=\"$PWD/pid\"",
            ping: "mariadb --no-defaults -S \"$PWD/s\" -e 'SELECT 1'",
            change: "read -r TOKEN; printf \"CREATE OR REPLACE USER app@'127.0.0.1' IDENTIFIED BY '%s';\" \"$TOKEN\" "
                + "| mariadb --no-defaults -S \"$PWD/s\"",
            ask: "MYSQL_PWD=$TOKEN mariadb --no-defaults -h 127.0.0.1 -P PORT -u app -Ne 'SELECT 1'"),
    ]

    private static let obstacle: String? =
        geteuid() == 0 ? servers.compactMap(\.obstacle).first : "needs root, as which the servers are started"

    @Test(.enabled(if: obstacle == nil, "\(obstacle ?? "")"), arguments: servers)
    func `a user's password is the current token, and the one before is refused`(server: Server) throws {
        try Emulator.serving("token-lifetime = \"20s\"\n" + Emulator.seed) { azure in
            let scratch = try Scratch()
            let port = try #require(freePort())
            func launch(_ words: String, input: String = "") throws -> Launch {
                try Launch(
                    "/bin/sh", ["-c", words.replacing("PORT", with: String(port))],
                    environment: ["PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin"], directory: scratch.path,
                    input: input)
            }
            func succeeds(_ words: String, input: String = "") throws -> Bool {
                try launch(words, input: input).end().ending == .code(0)
            }
            let running = try launch(server.start)
            let serves = try eventually { try succeeds(server.ping) }
            try #require(serves, "\(running.errors.text)")
            let run = try azure.run(
                "-f", "mysql.token=token:https://ossrdbms-aad.database.windows.net", "-f",
                "redis.token=token:https://redis.azure.com", "--on-change", "none",
                command: [Programs.probe, "print-on", "USR1"], in: scratch)
            try run.expect(line: "ready")
            func token() throws -> String {
                try String(contentsOfFile: "\(scratch.path)/instance/secrets/\(server.file)", encoding: .utf8)
            }
            let ask = "read -r TOKEN; \(server.ask)"
            let first = try token()
            try #require(try succeeds(server.change, input: first + "\n"))
            #expect(try succeeds(ask, input: first + "\n"))
            let isRenewed = try eventually { try token() != first }
            try #require(isRenewed)
            let second = try token()
            try #require(try succeeds(server.change, input: second + "\n"))
            #expect(try succeeds(ask, input: second + "\n"))
            #expect(try !succeeds(ask, input: first + "\n"))
            try run.end(SIGTERM)
            try running.end(SIGTERM)
        }
    }
}
