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

    @Test(.enabled(if: geteuid() == 0, "needs root, to read the memory of a process that is not dumpable"))
    func `no value and no token is in latchkey's memory`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try azure.run(
                "-e", "DB_PASSWORD=db-password", "-f", "database=db-password", command: [Programs.probe, "sleep"],
                in: scratch)
            try launch.expect(line: "ready")
            let memory = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/\(launch.pid)/mem"))
            var read = 0
            for (start, end) in try mappings(of: launch.pid) {
                try memory.seek(toOffset: start)
                guard let bytes = try? memory.read(upToCount: Int(end - start)) else { continue }
                read += bytes.count
                for sign in [Canary.word, Canary.tokenSign] {
                    #expect(bytes.range(of: Data(sign.utf8)) == nil, "a secret is in latchkey's memory")
                }
            }
            #expect(read > 0)
            try launch.end(SIGTERM)
        }
    }

    /// The parts of a process's memory that can be written to.
    private func mappings(of process: Int32) throws -> [(UInt64, UInt64)] {
        try String(contentsOfFile: "/proc/\(process)/maps", encoding: .utf8).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count > 1, words[1].hasPrefix("rw") else { return nil }
            let ends = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            return ends.count == 2 ? (ends[0], ends[1]) : nil
        }
    }
}
