import Foundation
import LinuxSystem
import Testing

/// What the programs take from themselves, seen from outside.
struct HardeningTests {
    private func expectConfined(_ worker: Int32, _ location: SourceLocation = #_sourceLocation) {
        #expect(ProcessFiles.statusLine("NoNewPrivs:", of: worker) == "1", sourceLocation: location)
        expectCapabilities([2], of: worker, location)
        #expect(getpgid(worker) == worker, "a worker is in another's process group", sourceLocation: location)
        #expect(limit("Max core file size", of: worker) == "0", sourceLocation: location)
        #expect(limit("Max address space", of: worker) == "2147483648", sourceLocation: location)
    }

    /// Of all sets: those numbers at the most (capabilities(7)), once the worker's plan is told.
    private func expectCapabilities(_ numbers: [UInt64], of worker: Int32, _ location: SourceLocation) {
        let allowed = numbers.reduce(UInt64(0)) { $0 | 1 << $1 }
        let sets = ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"]
        var last: [String] = []
        let isSo = eventually {
            last = sets.map { ProcessFiles.statusLine($0, of: worker) ?? "gone" }
            return last.allSatisfy { UInt64($0, radix: 16).map { $0 & ~allowed == 0 } ?? false }
        }
        #expect(isSo, "\(last)", sourceLocation: location)
    }

    /// What its delivery needs: to take the user's rights to files, or to give files to a group that is not its own.
    @Test(
        .enabled(if: geteuid() == 0, "needs root, to have capabilities"),
        arguments: [(["--user", "65534:65534"], [UInt64(2), 6, 7]), (["--group", "daemon"], [0, 2])])
    func `a worker of root's keeps the capabilities of its delivery, and delivers with them`(
        options: [String], capabilities: [UInt64]
    ) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            try azure.fault(#"{"name":"ill","endpoint":"vault","status":503}"#)
            let launch = try azure.start(
                ["run", "--vault", azure.vault, "--ca-file", azure.authority, "-f", "database=db-password"] + options
                    // Where another user can come to it.
                    + ["--", "/bin/sh", "-c", "echo ready; exec sleep 1000"], environment: ["RUNTIME_DIRECTORY": ""],
                in: scratch)
            expectCapabilities(capabilities, of: try launch.worker(), #_sourceLocation)
            try azure.control("DELETE", "faults/ill")
            try launch.expect(line: "ready")
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            launch.send(SIGHUP)
            try launch.expect(error: "change-unannounced")
            try launch.end(SIGTERM)
        }
    }

    private func limit(_ name: String, of process: Int32) -> String? {
        ProcessFiles.text("/proc/\(process)/limits")?.split(separator: "\n").first { $0.hasPrefix(name) }?
            .dropFirst(name.count).split(separator: " ").first.map(String.init)
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, to see the limits of a process that is not dumpable"))
    func `a worker gets no privileges and is denied system calls, in the first fetch and in refreshes`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            try azure.fault(#"{"name":"ill","endpoint":"vault","status":503}"#)
            let launch = try azure.run(
                "-f", "database=db-password", "--signal", "USR1",
                command: [Programs.probe, "print-on", "USR1", "database"], in: scratch)
            expectConfined(try launch.worker())
            try azure.control("DELETE", "faults/ill")
            try launch.expect(line: "ready")
            // What the app was started with is not the worker's.
            let child = try #require(
                ProcessTree.descendants(of: launch.pid).first {
                    ProcessTree.name(of: $0) == "latchkey-probe"
                })
            #expect(ProcessFiles.statusLine("NoNewPrivs:", of: child) == "0")
            #expect(ProcessFiles.statusLine("Seccomp:", of: child) == "0")
            #expect(eventually { ProcessTree.descendants(of: launch.pid) == [child] })
            try azure.fault(#"{"name":"ill","endpoint":"vault","status":503}"#)
            launch.send(SIGHUP)
            expectConfined(try launch.worker())
            try launch.end(SIGTERM)
        }
    }

    @Test(
        .enabled(if: Programs.installed("strace") != nil, "strace is not installed"),
        .enabled(if: Confinement.canRestrictFiles, "the kernel has no Landlock, or none that allows renames"))
    func `a worker gives up its rights to files before it connects`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try Launch(
                try #require(Programs.installed("strace")),
                ["-D", "-f", "-qq", "-o", scratch.path + "/trace", "-e", "trace=landlock_restrict_self,connect"]
                    + [Programs.latchkey, "run", "--vault", azure.vault, "--ca-file", azure.authority]
                    + ["-f", "database=db-password", "--signal", "USR1"]
                    + ["--", Programs.probe, "print-on", "USR1", "database"],
                environment: try azure.environment().merging(["RUNTIME_DIRECTORY": scratch.path + "/instance"]) { $1 },
                directory: scratch.path)
            try launch.expect(line: "ready")
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            launch.send(SIGHUP)
            try launch.expect(line: "end")
            try launch.end(SIGTERM)
            var confined: Set<Substring> = []
            var connected = 0
            for line in try String(contentsOfFile: scratch.path + "/trace", encoding: .utf8).split(separator: "\n") {
                let process = line.prefix { $0 != " " }
                if line.contains("landlock_restrict_self") && line.hasSuffix("= 0") { confined.insert(process) }
                guard line.contains("connect(") && line.contains("AF_INET") else { continue }
                connected += 1
                #expect(confined.contains(process), "process \(process) connects before")
            }
            #expect(confined.count >= 2 && connected >= 2, "strace saw too little")
        }
    }

    @Test func `the authorities of a cluster's token proxy can be read wherever they are`() throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            // A port where nothing listens: what is said then is said after the file was read.
            let proxy = [
                "AZURE_KUBERNETES_TOKEN_PROXY": "https://127.0.0.1:1/", "AZURE_KUBERNETES_CA_FILE": azure.authority,
            ]
            let outcome = try azure.printSecret(
                try azure.environment("workload-identity-app"), options: ["--start-timeout", "2s"], environment: proxy,
                in: scratch)
            #expect(outcome.ending == .code(75), "\(outcome.errors)")
            #expect(outcome.failures.first?.contains("error[identity-unreachable]") == true, "\(outcome.errors)")
        }
    }
}
