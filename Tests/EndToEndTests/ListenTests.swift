import Foundation
import Glibc
import Testing

/// `--listen`: sockets that outlive every child.
struct ListenTests {
    private static let shows = [Programs.probe, "listen", "--no-accept"]
    private static let answers = [Programs.probe, "listen"]

    /// Nothing is delivered here, so that no vault is asked.
    private func run(_ options: [String], command: [String], in scratch: Scratch) throws -> Launch {
        try Launch(
            Programs.latchkey, ["run"] + options + ["--"] + command,
            environment: ["RUNTIME_DIRECTORY": scratch.path + "/instance"], directory: scratch.path, within: scratch)
    }

    /// A launcher as the command of another one.
    private static func inner(_ scratch: Scratch) -> [String] {
        ["env", "RUNTIME_DIRECTORY=\(scratch.path)/inner", Programs.latchkey, "run"]
    }

    private func connect(_ address: String) throws -> Launch { try Launch(Programs.probe, ["connect", address]) }

    @Test(arguments: [
        ("tcp:PORT", ["tcp:127.0.0.1:PORT", "tcp:[::1]:PORT"]), ("tcp:127.0.0.1:PORT", ["tcp:127.0.0.1:PORT"]),
        ("tcp:[::1]:PORT", ["tcp:[::1]:PORT"]), ("tcp:[::]:PORT", ["tcp:[::1]:PORT", "tcp:127.0.0.1:PORT"]),
        ("unix:SCRATCH/web.sock", ["unix:SCRATCH/web.sock"]),
    ])
    func `a command gets the socket, and who connects gets the command`(address: String, clients: [String]) throws {
        for client in clients {
            let scratch = try Scratch()
            let port = String(try #require(freePort()))
            func filled(_ text: String) -> String {
                text.replacing("PORT", with: port).replacing("SCRATCH", with: scratch.path)
            }
            let launch = try run(["--listen", "web=\(filled(address))"], command: Self.answers, in: scratch)
            try launch.expect(line: "fdnames=web")
            let asked = try connect(filled(client)).end()
            let outcome = try launch.end()
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            let lines = outcome.output.split(separator: "\n")
            #expect(lines.prefix(2) == ["listen_fds=1", "listen_pid=own"])
            #expect(lines.contains { $0.hasPrefix("fd=3 ") && $0.contains(" type=stream listening=1 ") })
            #expect(asked.output.hasPrefix("connected\nanswer="))
            #expect(!asked.output.hasSuffix("answer=\n"))
            // What is ours at a path is gone with us.
            #expect(!FileManager.default.fileExists(atPath: scratch.path + "/web.sock"))
        }
    }

    @Test func `sockets follow those that were inherited`() throws {
        let scratch = try Scratch()
        func address(_ name: String) -> String { "unix:\(scratch.path)/\(name)" }
        let options = ["--listen", address("b"), "--listen", "c=\(address("c"))"]
        let inner = Self.inner(scratch) + options + ["--"] + Self.shows
        let outcome = try run(["--listen", "a=\(address("a"))"], command: inner, in: scratch).end()
        #expect(outcome.ending == .code(0), "\(outcome.errors)")
        let lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(Array(lines.prefix(3)) == ["listen_fds=3", "listen_pid=own", "fdnames=a:unknown:c"])
        #expect(Array(lines.dropFirst(3).map { $0.prefix(4) }) == ["fd=3", "fd=4", "fd=5"])
        #expect(lines.dropFirst(3).allSatisfy { $0.contains("listening=1") })
    }

    @Test func `a port that is taken is said before anything starts`() throws {
        let scratch = try Scratch()
        let port = try #require(freePort())
        let address = "tcp:127.0.0.1:\(port)"
        let inner = Self.inner(scratch) + ["--listen", address, "--", "echo", "started"]
        let outcome = try run(["--listen", address], command: inner, in: scratch).end()
        #expect(outcome.ending == .code(71))
        #expect(outcome.output.isEmpty)
        #expect(
            outcome.failures == ["latchkey: error[socket-failed]: socket '\(address)': address already in use"],
            "\(outcome.errors)")
        #expect(outcome.hints.last?.contains("ss -ltnp sport = :\(port)") == true)
    }

    @Test func `what is at a path stays there`() throws {
        let scratch = try Scratch()
        let path = try scratch.write("mine", to: "web.sock")
        let outcome = try run(["--listen", "unix:\(path)"], command: ["echo", "started"], in: scratch).end()
        #expect(outcome.ending == .code(71))
        #expect(outcome.output.isEmpty)
        #expect(outcome.failures.count == 1)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
    }

    @Test func `a socket that a crash left is replaced, one that is listened at is not`() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/web.sock"
        let command = [Programs.probe, "signals", "--until", "TERM"]
        let first = try run(["--listen", "unix:\(path)"], command: command, in: scratch)
        try first.expect(line: "ready")
        let second = try run(
            ["--instance", "second", "--listen", "unix:\(path)"], command: ["echo", "started"], in: try Scratch()
        ).end()
        #expect(second.ending == .code(71))
        try first.end(SIGKILL)
        #expect(FileManager.default.fileExists(atPath: path))
        let third = try run(["--listen", "unix:\(path)"], command: Self.shows, in: scratch).end()
        #expect(third.ending == .code(0), "\(third.errors)")
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test(arguments: [("", 0o660), (",mode=0600", 0o600), (",mode=0666", 0o666)])
    func `a path has its mode whatever the umask is`(suffix: String, mode: Int) throws {
        let scratch = try Scratch()
        let path = scratch.path + "/web.sock"
        let outcome = try run(
            ["--listen", "unix:\(path)\(suffix)"], command: ["stat", "-c", "%a %u %g", path], in: scratch
        ).end()
        #expect(outcome.output == "\(String(mode, radix: 8)) \(geteuid()) \(getegid())\n", "\(outcome.errors)")
    }

    @Test(.enabled(if: geteuid() == 0, "needs root for another user and a low port"))
    func `another user gets a low port and a path of its own`() throws {
        let scratch = try Scratch()
        let port = try #require((600...1000).shuffled().first { isFree($0) })
        let path = scratch.path + "/web.sock"
        unsafe chmod(scratch.path, 0o711)
        let outcome = try run(
            ["--user", "nobody", "--listen", "tcp:127.0.0.1:\(port)", "--listen", "unix:\(path)"],
            command: ["sh", "-c", "\(Programs.probe) listen --no-accept; id -u; stat -c '%U %a' \(path)"], in: scratch
        ).end()
        #expect(outcome.output.contains("listen_fds=2\n"), "\(outcome.errors)")
        #expect(outcome.output.contains("port=\(port)\n"))
        #expect(outcome.output.hasSuffix("65534\nnobody 660\n"), "\(outcome.output)")
    }

    @Test func `an inherited descriptor is not lost`() throws {
        let scratch = try Scratch()
        let launch = try Launch(
            "/bin/sh",
            [
                "-c", "exec 3</dev/null \"$@\"", "sh", Programs.latchkey, "run", "--listen", "unix:\(scratch.path)/x",
                "--", "echo", "started",
            ], environment: ["RUNTIME_DIRECTORY": scratch.path + "/instance"], directory: scratch.path, within: scratch)
        let outcome = try launch.end()
        #expect(outcome.ending == .code(71))
        #expect(outcome.failures.first?.contains("descriptor 3 was inherited") == true, "\(outcome.errors)")
    }

    @Test func `status shows the sockets, and check looks at them`() throws {
        let scratch = try Scratch()
        let port = try #require(freePort())
        let options = ["--listen", "http=tcp:127.0.0.1:\(port)", "--listen", "unix:\(scratch.path)/web.sock"]
        func check() throws -> Outcome {
            try Launch(Programs.latchkey, ["check"] + options + ["--", "echo"], directory: scratch.path).end()
        }
        #expect(try check().ending == .code(0))
        #expect(!FileManager.default.fileExists(atPath: scratch.path + "/web.sock"))
        let launch = try run(options, command: [Programs.probe, "signals", "--until", "TERM"], in: scratch)
        try launch.expect(line: "ready")
        let status = try Launch(
            Programs.latchkey, ["status"], environment: ["RUNTIME_DIRECTORY": scratch.path + "/instance"]
        ).end()
        #expect(
            status.output.contains("listens at    tcp:127.0.0.1:\(port), unix:\(scratch.path)/web.sock\n"),
            "\(status.output)")
        let taken = try check()
        #expect(taken.ending == .code(71))
        #expect(taken.output.split(separator: "\n").filter { $0.contains("[socket-failed]") }.count == 2)
        #expect(try launch.end(SIGTERM).ending == .code(0))
    }

    @Test func `a restart keeps what connects waiting`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let address = "unix:\(scratch.path)/web.sock"
            // The first incarnation takes nobody; while it ends, somebody connects. The second one answers.
            let script = """
                test -e up && exec \(Programs.probe) listen
                trap '\(Programs.probe) connect \(address) >answer & exit 0' TERM
                touch up; echo up; while :; do sleep 1000 >/dev/null 2>&1 & wait; done
                """
            let launch = try azure.run(
                "-e", "A=db-password", "--on-change", "restart", "--refresh", "off", "--listen", address,
                command: ["sh", "-c", script], in: scratch)
            try launch.expect(line: "up")
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            launch.send(SIGHUP)
            try launch.expect(line: "accepted=3")
            #expect(try launch.end().ending == .code(0))
            let answer = scratch.path + "/answer"
            #expect(eventually { (try? String(contentsOfFile: answer, encoding: .utf8))?.contains("answer=") == true })
        }
    }
}

/// A port of 127.0.0.1 that nobody listened on a moment ago.
func freePort() -> Int? { bound(to: 0) }

private func isFree(_ port: Int) -> Bool { bound(to: port) == port }

private func bound(to port: Int) -> Int? {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { return nil }
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
            unsafe bind(socket, name, length) == 0 && getsockname(socket, name, &length) == 0
        }
    }
    return isBound ? Int(UInt16(bigEndian: address.sin_port)) : nil
}
