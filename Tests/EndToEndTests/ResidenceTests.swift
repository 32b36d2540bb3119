import Foundation
import LinuxSystem
import Testing

/// What stays while the app runs.
struct ResidenceTests {
    @Test(.enabled(if: geteuid() == 0, "needs root, to read the map of a process that is not dumpable"))
    func `only latchkey stays, with one thread and no library`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try azure.run(
                "-e", "DB_PASSWORD=db-password", "-f", "database=db-password", command: [Programs.probe, "sleep"],
                in: scratch)
            try launch.expect(line: "ready")
            let isAlone = eventually {
                ProcessTree.descendants(of: launch.pid).map { ProcessTree.name(of: $0) } == ["latchkey-probe"]
            }
            let names = ProcessTree.descendants(of: launch.pid).compactMap { ProcessTree.name(of: $0) }
            #expect(isAlone, "\(names)")
            #expect(ProcessFiles.statusLine("Threads:", of: launch.pid) == "1")

            let map = try String(contentsOfFile: "/proc/\(launch.pid)/maps", encoding: .utf8)
            let files = Set(
                map.split(separator: "\n").compactMap { line in
                    line.firstIndex(of: "/").map { String(line[$0...]) }
                })
            #expect(files.allSatisfy { $0.hasSuffix("/latchkey") }, "\(files)")
            let environment = try String(contentsOfFile: "/proc/\(launch.pid)/environ", encoding: .utf8)
            Canary.check(environment, in: "latchkey's own environment")
            try launch.end(SIGTERM)
        }
    }

    @Test(
        .enabled(if: geteuid() == 0, "needs root, to read the memory of a process that is not dumpable"),
        arguments: [["-e", "DB_PASSWORD=db-password"], ["-f", "database=db-password"]])
    func `no value, no token and no identity header is in latchkey's memory, in any encoding`(
        delivery: [String]
    ) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try azure.start(
                ["run", "--vault", azure.vault, "--ca-file", azure.authority, "--signal", "USR1"] + delivery
                    + ["--", Programs.probe, "print-on", "USR1"], in: scratch)
            try launch.expect(line: "ready")
            try expectNothing(in: launch)
            for round in 1...3 {
                try azure.rotate("db-password", to: "c4n4ry-\(round)")
                launch.send(SIGHUP)
                try launch.expect(line: "end", count: round)
                try expectNothing(in: launch)
            }
            try launch.end(SIGTERM)
        }
    }

    @Test(
        .enabled(if: geteuid() == 0, "needs root, to read the memory of a process that is not dumpable"),
        arguments: [
            ["sidecar"], ["sidecar", "--exec-on-change", "PROBE exit 0"], ["run", "--exec-on-change", "PROBE exit 0"],
        ])
    func `nor is any where files are kept for others, or a command is told of a change:`(words: [String]) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let isRun = words[0] == "run"
            let launch = try azure.start(
                words.map { $0.replacing("PROBE", with: Programs.probe) } + ["--vault", azure.vault]
                    + ["--ca-file", azure.authority, "--refresh", "off", "-f", "database=db-password"]
                    + (isRun ? ["-e", "DB_PASSWORD=db-password", "--", Programs.probe, "sleep"] : []), in: scratch)
            for round in 1...4 {
                #expect(try eventually { try scratch.state() == "fresh" && scratch.status().generation == round })
                try expectNothing(in: launch, beside: isRun ? 1 : 0)
                try azure.rotate("db-password", to: "c4n4ry-\(round)")
                launch.send(SIGHUP)
            }
            try launch.end(SIGTERM)
        }
    }

    @Test(
        .enabled(if: geteuid() == 0, "needs root, to read the memory of a process that is not dumpable"),
        arguments: ["A", "M", "ZZ"], [(16, 1), (16, 200), (500, 1), (500, 40), (5000, 1), (5000, 20), (100_000, 8)])
    func `no variable that it was started with is, wherever it stands, however long, and how many there are`(
        place: String, shape: (size: Int, count: Int)
    ) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            // The environment is in the order of the names.
            let value = String(repeating: Canary.word + ".", count: shape.size / (Canary.word.count + 1) + 1)
            let variables = (1...shape.count).map { ("\(place)_CLIENT_SECRET_\($0)", value) }
            let launch = try azure.run(
                "-e", "DB_PASSWORD=db-password", command: [Programs.probe, "sleep"],
                environment: Dictionary(uniqueKeysWithValues: variables), in: scratch)
            try launch.expect(line: "ready")
            try expectNothing(in: launch)
            try launch.end(SIGTERM)
        }
    }

    /// Once the worker is gone, in all memory that can be read of the process that stays.
    private func expectNothing(in launch: Launch, beside count: Int = 1) throws {
        let isAlone = eventually { ProcessTree.descendants(of: launch.pid).count == count }
        #expect(isAlone, "a worker stays")
        let memory = try MemorySearch(process: launch.pid)
        #expect(memory.count > 1 << 20, "\(memory.count) bytes could be read")
        #expect(memory.found.isEmpty, "a secret is in latchkey's memory: \(memory.found)")
    }

    @Test(arguments: MemorySearch.signs.map(\.name))
    func `the search of memory finds a secret`(encoding: String) throws {
        let sign = try #require(MemorySearch.signs.first { $0.name == encoding })
        let bytes = [UInt8](repeating: 0x63, count: 4099) + sign.bytes + [0]
        // Both byte orders of UTF-16 lie in either, one byte apart.
        #expect(MemorySearch.found(in: bytes).contains(encoding))
    }
}
