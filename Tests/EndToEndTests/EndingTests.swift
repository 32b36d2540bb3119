import Foundation
import Glibc
import LinuxSystem
import Testing

/// TERM, whenever it comes: out at once, nobody and no file left behind.
struct EndingTests {
    private func expectNothingLeft(in scratch: Scratch, _ location: SourceLocation = #_sourceLocation) {
        let left = (try? FileManager.default.subpathsOfDirectory(atPath: scratch.path + "/instance")) ?? []
        #expect(left.isEmpty, "\(left)", sourceLocation: location)
    }

    /// The supervisor's calls from the first attempt to the end, at each of which TERM comes once.
    @Test(
        .enabled(if: Programs.installed("strace") != nil, "strace is not installed"),
        arguments: [
            ("clone", 2), ("recvmsg", 6), ("epoll_wait", 5), ("waitid", 4), ("memfd_create", 4), ("renameat", 2),
            ("pipe2", 2), ("openat", 4), ("unlinkat", 6), ("close", 24),
        ])
    func `TERM at any call of the supervisor leaves no file and nobody`(call: String, count: Int) throws {
        try Emulator.serving { azure in
            for number in 1...count where runsFull || number == 1 || number == count / 2 || number == count {
                let scratch = try Scratch()
                var variables = try azure.environment()
                variables["RUNTIME_DIRECTORY"] = scratch.path + "/instance"
                let launch = try Launch(
                    try #require(Programs.installed("strace")),
                    ["-D", "-qq", "-o", "/dev/null", "-e", "inject=\(call):signal=TERM:when=\(number)"]
                        + [Programs.latchkey, "run", "--vault", azure.vault, "--ca-file", azure.authority]
                        + ["-e", "DB_PASSWORD=db-password", "-f", "database=db-password", "--on-change", "none"]
                        + ["--", Programs.probe, "exit", "7"],
                    environment: variables, directory: scratch.path)
                let outcome = try launch.end()
                // The command may have ended before, by itself.
                #expect(outcome.ending == .signal(15) || outcome.ending == .code(7), "\(call) \(number)")
                #expect(outcome.failures.isEmpty, "\(outcome.errors)")
                expectNothingLeft(in: scratch)
            }
        }
    }

    @Test(
        .enabled(if: geteuid() == 0, "needs root for namespaces"),
        .enabled(
            if: Programs.installed("python3") != nil && Programs.installed("ip") != nil,
            "python3 or ip is not installed"))
    func `TERM in a name lookup that hangs ends the first fetch`() throws {
        let scratch = try Scratch()
        // A name server that is asked, tells the test, and never answers.
        let server =
            "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((\"127.0.0.1\", 53)); "
            + "print(\"bound\", flush=True); s.recv(512); print(\"asked\", flush=True)"
        let resolver = try scratch.write("nameserver 127.0.0.1\noptions timeout:30\n", to: "resolv.conf")
        let script = """
            ip link set lo up && mount --bind \(resolver) /etc/resolv.conf && mkfifo bound &&
            { python3 -c '\(server)' | tee bound & } && read line < bound &&
            exec \(Programs.latchkey) run --vault hanging --identity client-secret -f a=b -- \(Programs.probe) exit 7
            """
        let variables = [
            "RUNTIME_DIRECTORY": scratch.path + "/instance", "AZURE_TENANT_ID": "contoso.onmicrosoft.com",
            "AZURE_CLIENT_ID": "11111111-2222-3333-4444-555555555555", "AZURE_CLIENT_SECRET": "c4n4ry-client",
        ]
        let launch = try Launch(
            try #require(Programs.installed("unshare")), ["-mn", "/bin/sh", "-c", script], environment: variables,
            directory: scratch.path)
        try launch.expect(line: "asked")
        let told = ContinuousClock.now
        let outcome = try launch.end(SIGTERM)
        print("TERM in a hanging name lookup: out after \(ContinuousClock.now - told)")
        #expect(outcome.ending == .signal(15), "\(outcome.errors)")
        expectNothingLeft(in: scratch)
    }
}

/// What a run costs while nothing happens.
@Suite(.serialized)
struct IdleTests {
    private static let secrets = (1...50).map { "secret-\($0) = \"c4n4ry-\($0)\"" }.joined(separator: "\n")

    /// The sum of the proportional set sizes (proc(5), `smaps_rollup`) in kilobytes.
    private func size(of processes: [Int32]) throws -> Int {
        try processes.reduce(0) { sum, process in
            let text = try String(contentsOfFile: "/proc/\(process)/smaps_rollup", encoding: .utf8)
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("Pss:") })
            return sum + (line.split(separator: " ").compactMap { Int($0) }.first ?? 0)
        }
    }

    private func switches(of process: Int32) throws -> [String] {
        try ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"].map {
            try #require(ProcessFiles.statusLine($0, of: process))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, to read of a process that is not dumpable"))
    func `with fifty secrets it is one thread of three megabytes that nothing wakes`() throws {
        try Emulator.serving("[vaults.demo.secrets]\n" + Self.secrets) { (azure: Emulator) throws -> Void in
            let scratch = try Scratch()
            let launch: Launch = try azure.run(
                "--all", "--refresh", "1h", command: [Programs.probe, "sleep"], in: scratch)
            try launch.expect(line: "ready")
            let pid = launch.pid
            func others() -> [Int32] {
                ProcessTree.descendants(of: pid).filter { ProcessTree.name(of: $0) != "latchkey-probe" }
            }
            #expect(eventually { others().isEmpty }, "a worker stays")
            #expect(ProcessFiles.statusLine("Threads:", of: launch.pid) == "1")
            // What only an attempt needs is let go right after its end.
            let isSmall = try eventually { try size(of: [launch.pid] + others()) <= 3072 }
            let total = try size(of: [launch.pid] + others())
            print("resident with fifty secrets: \(total) kB")
            #expect(isSmall, "\(total) kB")
            if runsFull {
                let before = try switches(of: launch.pid)
                // The minute is what is measured.
                sleep(60)
                #expect(try switches(of: launch.pid) == before)
            }
            try launch.end(SIGTERM)
        }
    }
}
